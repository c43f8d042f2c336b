"""A long file in a bucket, whose parts fetch what they read and no more."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from app.pipeline import originals
from app.pipeline.attempt import Divided
from app.pipeline.buckets import bucket_at
from app.pipeline.divisions import Divisions
from app.pipeline.foreman import Foreman
from app.pipeline.steps import EndOfJob, HashOfJob, PartOfJob, WholeJob
from app.pipeline.workplace import Workplace
from app.storage.arrays.bucket import Bucket
from app.storage.catalog.jobs_in_place import FileInPlace, JobsInPlace
from app.storage.catalog.tables import Job
from tests.builders import eventually, settings_in
from tests.pipeline.test_foreman import ROWS, Yard, long_csv, what_is_stored

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


@pytest.fixture
def asked(bucket) -> Iterator[list[str | None]]:
    """What the server is asked of the object: a range, None for all of it."""
    ranges: list[str | None] = []

    def note(request, **_) -> None:
        if request.url.endswith("well.csv"):
            ranges.append(request.headers.get("Range", b"").decode() or None)

    events = bucket_at(bucket.uri)._fetching_client.meta.events
    events.register("before-send.s3.GetObject", note)
    yield ranges
    events.unregister("before-send.s3.GetObject", note)


def test_over_the_wire_goes_the_object_once_to_count_its_lines_and_every_row_once_more(
    wide_place, bucket, asked, listed
):
    divided = begun(wide_place, listed)
    assert isinstance(divided, Divided)
    assert asked in ([None], [f"bytes=0-{listed.size_bytes - 1}"])
    asked.clear()
    for part in parts_of(divided):
        assert part.run(wide_place) is not None
    spans = [tuple(map(int, span.removeprefix("bytes=").split("-"))) for span in asked]
    content = bucket.get(KEY)
    rows = content[content.index(b"\n") + 1 :]
    assert b"".join(content[first : last + 1] for first, last in spans) == rows


def carried_out(place: Workplace, file: FileInPlace) -> tuple[Job, list[type]]:
    """The job at its end, and the steps that two workers share until then."""
    steps: list[type] = []
    divided = begun(place, file)
    assert isinstance(divided, Divided)
    divisions = Divisions()
    divisions.begin(divided)
    while step := divisions.next_step():
        steps.append(type(step))
        result = step.run(place)
        if not isinstance(step, WholeJob):
            divisions.take(step, result)
    return place.jobs.get(divided.job.id), steps


@pytest.mark.parametrize("descending", [False, True])
def test_an_object_is_to_the_bit_what_the_same_file_on_disk_is(wide_place, bucket, tmp_path, descending):
    path = long_csv(tmp_path / "x.csv", descending=descending)
    bucket.put(KEY, path.read_bytes())
    found = bucket.look_at(KEY)
    job, steps = carried_out(
        wide_place, FileInPlace(f"{bucket.uri}/{KEY}", KEY, found.size_bytes, found.version)
    )
    assert steps == [PartOfJob] * 3 + [EndOfJob]
    other = Workplace.open(settings_in(tmp_path / "disk", source_width="any"))
    on_disk, steps = carried_out(other, FileInPlace(str(path), KEY, path.stat().st_size, "1"))
    assert steps == [HashOfJob] + [PartOfJob] * 3 + [EndOfJob]
    for mine, its in zip(what_is_stored(wide_place, job)[0], what_is_stored(other, on_disk)[0], strict=True):
        assert mine.tobytes() == its.tobytes()
    assert all_that_is_said(wide_place, job) == all_that_is_said(other, on_disk)
    other.catalog.close()


def all_that_is_said(place: Workplace, job: Job) -> dict[str, object]:
    image = place.images.get(job.image_ids[0])
    names = [column.name for column in image.__table__.columns]
    return {name: getattr(image, name) for name in names if name not in ("id", "created_at")}


def test_a_bad_cell_in_a_part_of_an_object_is_told_with_its_row(wide_place, bucket, tmp_path):
    bucket.put(KEY, long_csv(tmp_path / "x.csv", 20_000).read_bytes())
    found = bucket.look_at(KEY)
    file = FileInPlace(f"{bucket.uri}/{KEY}", KEY, found.size_bytes, found.version)
    job, steps = carried_out(wide_place, file)
    assert steps == [PartOfJob, PartOfJob, WholeJob], "the last part is not even begun"
    assert (job.state, job.reason, job.row) == ("failed", "not_a_number", 20_002)


def test_an_object_removed_between_its_parts_is_no_image(wide_place, bucket, divided):
    assert parts_of(divided)[0].run(wide_place) is not None
    bucket.delete([KEY])
    assert parts_of(divided)[1].run(wide_place) is None
    assert WholeJob(divided.job, divided.lease, abandoned=divided.image_id).run(wide_place) is None
    job = wide_place.jobs.get(divided.job.id)
    assert (job.state, job.reason) == ("failed", "file_gone")
    assert "removed" in job.message
    assert list((wide_place.settings.db_dir / "arrays").glob("*/*/__fragments/*")) == []


def test_a_part_takes_no_more_of_the_disk_than_its_bytes(wide_place, listed, divided):
    last = divided.division.parts[-1].lines
    with divided.original.part(wide_place, last) as path:
        status = path.stat()
    assert status.st_size == listed.size_bytes
    assert status.st_blocks * 512 < last.stop - last.offset + 3 * 4096


@pytest.fixture
def yard(wide_place: Workplace) -> Iterator[Yard]:
    made = Yard(wide_place)
    yield made
    made.close()


def test_a_worker_killed_over_a_part_of_an_object_costs_that_part(yard, listed):
    (job_id,) = JobsInPlace(yard.place.catalog).add([listed], time.time())
    yard.at_a_part().process.kill()
    job = yard.until(job_id, "stored")
    assert (job.crashes, job.attempts, job.rows_done) == (1, 1, ROWS)
    assert yard.place.images.page(10)[1] == 1


def test_a_bucket_that_is_away_between_the_parts_is_waited_for(yard, listed, s3_server, fragments_of):
    begin = yard.foreman.divisions.begin

    def begin_and_lose_it(divided: Divided) -> None:
        yard.foreman.divisions.begin = begin
        s3_server.stop()
        begin(divided)

    yard.foreman.divisions.begin = begin_and_lose_it
    (job_id,) = JobsInPlace(yard.place.catalog).add([listed], time.time())

    def waits() -> bool:
        yard.look()
        return yard.place.jobs.get(job_id).reason == "storage_unavailable"

    try:
        eventually(waits, "it waits", 60)
        assert yard.foreman.divisions.begin == begin, "it had been divided"
    finally:
        s3_server.start()
    job = yard.until(job_id, "stored")
    assert (job.crashes, job.rows_done) == (0, ROWS)
    assert fragments_of(yard.place) == {str(job.image_ids[0])}


@pytest.fixture
def fragments_of() -> Callable[[Workplace], set[str]]:
    """The ids of the images that something lies on disk of."""

    def ids(place: Workplace) -> set[str]:
        found: Iterator[Path] = (place.settings.db_dir / "arrays").glob("*/*/__fragments/*")
        return {path.name.split("_")[2] for path in found}

    return ids


def test_a_very_long_object_is_asked_for_in_a_few_pieces(
    wide_place, bucket, listed, fetched_bytes, monkeypatch
):
    """Some servers hash all of it for every request."""
    monkeypatch.setattr(originals, "SMALLEST_PIECE", 10_000)
    taken = JobsInPlace(wide_place.catalog).take(listed, "test", 60.0, time.time())
    original = originals.original_of(wide_place, taken[0])
    with original.whole(wide_place) as path:
        assert path.read_bytes() == bucket.get(KEY)
    assert len(fetched_bytes) == originals.CONNECTIONS
