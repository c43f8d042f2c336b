"""Files that lie in a bucket of a real S3 server, and are read there."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from app.pipeline import originals as module
from app.pipeline.bulk.prefix import Prefix
from app.pipeline.job import run_job
from app.storage.arrays.bucket import Bucket
from app.storage.catalog.jobs_in_place import FileInPlace, JobsInPlace
from app.storage.catalog.tables import Job
from tests.builders import tiny_csv

KEY = "north/well 7/x ü.csv"


@pytest.fixture
def bucket(s3_server, tmp_path) -> Bucket:
    folder = s3_server.bucket(f"files-{abs(hash(tmp_path))}")
    return Bucket(f"s3://{folder.name}")


@pytest.fixture
def listed(bucket, tmp_path) -> FileInPlace:
    bucket.put(KEY, tiny_csv(tmp_path / "x.csv").read_bytes())
    (entry,) = Prefix(bucket.uri).entries()
    assert isinstance(entry, FileInPlace)
    return entry


@pytest.fixture
def read(place) -> Callable[[FileInPlace], Job]:
    def read(file: FileInPlace) -> Job:
        job, lease = JobsInPlace(place.catalog).take(file, "test", 60.0, time.time())
        assert run_job(place, job, lease, workers=2) is None
        return place.jobs.get(job.id)

    return read


@pytest.fixture
def fetched(place) -> Callable[[], list[Path]]:
    return lambda: list((place.settings.db_dir / "cache" / "fetched").iterdir())


def test_an_object_is_read_and_stays_where_it_is(place, bucket, listed, read, fetched):
    job = read(listed)
    assert (job.state, job.settled) == ("stored", True)
    image = place.images.get(job.image_ids[0])
    assert (image.name, image.rows) == (KEY, 3)
    assert bucket.has(KEY) and fetched() == []
    assert read(listed).state == "duplicate"


def test_its_description_counts(place, bucket, listed, read):
    bucket.put("north/well 7/x ü.json", b'{"well": "Seven"}')
    assert place.images.get(read(listed).image_ids[0]).well == "Seven"


def test_what_is_wrong_with_it_is_told_of_the_object(bucket, read, tmp_path):
    bucket.put("bad.csv", b"depth,a,b\n1,2,3\n")
    (entry,) = Prefix(bucket.uri).entries()
    job = read(entry)
    assert (job.state, job.name, job.row) == ("failed", "bad.csv", 1)


@pytest.mark.parametrize("become", ["replaced", "removed"])
def test_an_object_that_is_another_by_now_is_not_taken_for_the_one_listed(
    place, bucket, listed, read, fetched, tmp_path, become
):
    if become == "removed":
        bucket.delete([KEY])
    else:
        bucket.put(KEY, tiny_csv(tmp_path / "x.csv", 20.0).read_bytes())
    job = read(listed)
    assert (job.state, job.reason) == ("failed", "file_gone")
    assert become in job.message
    assert place.images.page(10)[1] == 0 and fetched() == []


def test_a_bucket_that_does_not_answer_is_asked_again_later(s3_server, listed, read, fetched):
    s3_server.stop()
    try:
        job = read(listed)
    finally:
        s3_server.start()
    assert (job.state, job.reason, job.crashes) == ("retrying", "storage_unavailable", 0)
    assert fetched() == []


def test_what_a_killed_process_had_fetched_is_removed_by_the_next(place, listed, read, fetched):
    read(listed)
    folder = place.settings.db_dir / "cache" / "fetched"
    old, new = folder / "old", folder / "new"
    for left in (old, new):
        left.mkdir()
        (left / "x.csv").touch()
    long_ago = time.time() - place.settings.file_seconds - module.LEFT_OVER_SECONDS - 1
    os.utime(old, (long_ago, long_ago))
    read(listed)
    assert fetched() == [new]
