"""A long file in a bucket, whose parts fetch what they read and no more."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from app.pipeline.attempt import Divided
from app.pipeline.foreman import Foreman
from app.pipeline.steps import EndOfJob, PartOfJob, WholeJob
from app.pipeline.workplace import Workplace
from app.storage.arrays.bucket import Bucket
from app.storage.catalog.jobs_in_place import FileInPlace, JobsInPlace
from app.storage.catalog.tables import Job
from tests.builders import eventually, settings_in
from tests.pipeline.test_foreman import ROWS, long_csv, what_is_stored

KEY = "north/long well.csv"


@pytest.fixture
def wide_place(tmp_path) -> Iterator[Workplace]:
    place = Workplace.open(settings_in(tmp_path, source_width="any", ingest_workers=2))
    place.folders.ensure()
    yield place
    place.catalog.close()


@pytest.fixture
def bucket(s3_server, tmp_path) -> Bucket:
    bucket = Bucket(f"s3://{s3_server.bucket(f'parts-{abs(hash(tmp_path))}').name}")
    bucket.put(KEY, long_csv(tmp_path / "x.csv").read_bytes())
    return bucket


@pytest.fixture
def listed(bucket) -> FileInPlace:
    found = bucket.look_at(KEY)
    return FileInPlace(f"{bucket.uri}/{KEY}", KEY, found.size_bytes, found.version)


@pytest.fixture
def divided(wide_place, listed) -> Divided:
    divided = begun(wide_place, listed)
    assert isinstance(divided, Divided)
    return divided


@pytest.fixture
def fetched_bytes(monkeypatch) -> list[int]:
    """By each request, in no order."""
    counted: list[int] = []
    fetch = Bucket.fetch

    def counting(self, key, target, start, stop):
        counted.append(stop - start)
        return fetch(self, key, target, start, stop)

    monkeypatch.setattr(Bucket, "fetch", counting)
    return counted


def begun(place: Workplace, listed: FileInPlace) -> object:
    taken = JobsInPlace(place.catalog).take(listed, "test", 60.0, time.time())
    return WholeJob(*taken, workers=2).run(place)


def parts_of(divided: Divided) -> list[PartOfJob]:
    return [PartOfJob(divided, number) for number in range(len(divided.division.parts))]


def nothing_is_left_of_what_was_fetched(place: Workplace) -> bool:
    return list((place.settings.db_dir / "cache" / "fetched").iterdir()) == []


def alone(tmp_path, read: Callable[[Workplace], Job]) -> tuple[list[np.ndarray], dict]:
    place = Workplace.open(settings_in(tmp_path / "alone", source_width="any"))
    stored = what_is_stored(place, read(place))
    place.catalog.close()
    return stored


def test_workers_share_an_object_and_store_what_one_process_stores(wide_place, listed, tmp_path):
    foreman = Foreman(wide_place, "test")
    seen: set[type] = set()
    submit = foreman.crew.submit
    foreman.crew.submit = lambda step: (seen.add(type(step)), submit(step))
    foreman.crew.start()
    (job_id,) = JobsInPlace(wide_place.catalog).add([listed], time.time())

    def ended() -> Job | None:
        foreman.look_after_workers()
        foreman.dispatch()
        job = wide_place.jobs.get(job_id)
        return job if job.state == "stored" else None

    try:
        job = eventually(ended, "it is stored", seconds=60)
    finally:
        foreman.stop(0.0)
    assert seen == {WholeJob, PartOfJob, EndOfJob}, "who begins with it knows its hash"
    assert (job.attempts, job.crashes, job.rows_done) == (1, 0, ROWS)

    def by_one(place: Workplace) -> Job:
        job, lease = JobsInPlace(place.catalog).take(listed, "test", 60.0, time.time())
        assert WholeJob(job, lease).run(place) is None
        return place.jobs.get(job.id)

    arrays, figures = what_is_stored(wide_place, job)
    expected_arrays, expected_figures = alone(tmp_path, by_one)
    for found, expected in zip(arrays, expected_arrays, strict=True):
        np.testing.assert_array_equal(found, expected)
    assert figures == expected_figures
    assert nothing_is_left_of_what_was_fetched(wide_place)


def test_a_part_fetches_its_lines_and_nothing_else(wide_place, listed, divided, fetched_bytes):
    parts = divided.division.parts
    for step, part in zip(parts_of(divided), parts, strict=True):
        fetched_bytes.clear()
        assert step.run(wide_place) is not None
        assert fetched_bytes == [part.lines.stop - part.lines.offset]
    assert sum(part.lines.stop - part.lines.offset for part in parts) > 0.99 * listed.size_bytes
    assert nothing_is_left_of_what_was_fetched(wide_place)


def test_an_object_replaced_meanwhile_is_never_mixed_with_the_one_that_was_listed(
    wide_place, bucket, divided, tmp_path
):
    first, *others = parts_of(divided)
    stored = first.run(wide_place)
    assert stored is not None
    bucket.put(KEY, long_csv(tmp_path / "x.csv", descending=True).read_bytes())
    assert [part.run(wide_place) for part in others] == [None] * len(others)
    assert WholeJob(divided.job, divided.lease, abandoned=divided.image_id).run(wide_place) is None
    job = wide_place.jobs.get(divided.job.id)
    assert (job.state, job.reason) == ("failed", "file_gone")
    assert "replaced" in job.message
    assert wide_place.images.page(10)[1] == 0


def test_an_object_replaced_once_all_is_read_is_the_one_that_was_read(wide_place, bucket, divided, tmp_path):
    stored = tuple(part.run(wide_place) for part in parts_of(divided))
    bucket.put(KEY, b"another")
    assert EndOfJob(divided, divided.original.content, stored).run(wide_place) is True
    job = wide_place.jobs.get(divided.job.id)
    assert (job.state, wide_place.images.get(job.image_ids[0]).rows) == ("stored", ROWS)


def test_an_object_that_is_shorter_by_now_is_another(wide_place, bucket, divided):
    bucket.put(KEY, b"another")
    assert parts_of(divided)[-1].run(wide_place) is None


def test_a_bucket_that_goes_away_meanwhile_is_asked_again_later(s3_server, wide_place, divided):
    s3_server.stop()
    try:
        assert parts_of(divided)[0].run(wide_place) is None
        WholeJob(divided.job, divided.lease, abandoned=divided.image_id).run(wide_place)
        job = wide_place.jobs.get(divided.job.id)
        assert (job.state, job.reason, job.crashes) == ("retrying", "storage_unavailable", 0)
    finally:
        s3_server.start()
    assert nothing_is_left_of_what_was_fetched(wide_place)


def test_what_is_stored_already_is_not_shared(wide_place, listed, divided, fetched_bytes):
    stored = tuple(part.run(wide_place) for part in parts_of(divided))
    assert EndOfJob(divided, divided.original.content, stored).run(wide_place) is True
    fetched_bytes.clear()
    assert begun(wide_place, listed) is None
    assert sum(fetched_bytes) == listed.size_bytes, "once"
    assert wide_place.images.page(10)[1] == 1
