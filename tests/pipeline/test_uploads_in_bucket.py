"""Uploads where there is a landing zone, on a real S3 server."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from app.errors import CatalogUnavailable, CommitUncertain, StorageUnavailable
from app.pipeline import uploads_in_bucket as module
from app.pipeline.housekeeping import DRAFT_SECONDS
from app.pipeline.workplace import Workplace
from app.storage.arrays.bucket import Bucket
from app.storage.catalog.jobs import Jobs
from app.storage.catalog.jobs_in_place import FileInPlace, JobsInPlace
from tests.builders import tiny_csv
from tests.pipeline.landing_zone import names, upload

TOKEN = "0123456789abcdef"


@pytest.fixture
def place(in_landing_zone) -> Workplace:
    return in_landing_zone


def drafts(place) -> list[Path]:
    return list(place.folders.uploads.iterdir())


def test_an_upload_lies_in_the_bucket_alone_until_it_is_read_and_moved(place, zone, bucket, work, csv):
    job = place.jobs.get(upload(place, "x ü.csv", csv))
    assert (job.state, job.name, job.size_bytes) == ("queued", "x ü.csv", len(csv))
    (key,) = names(bucket)
    assert job.path == f"{bucket.uri}/{key}" and module._KEY.fullmatch(key)
    assert bucket.get(key) == csv
    assert drafts(place) == list(place.folders.processing.iterdir()) == []
    assert zone.look() == 0, "it has its job"
    (job,) = work()
    assert (job.state, job.settled, job.target) == ("stored", True, f"{bucket.uri}/processed/x ü.csv")
    assert place.images.get(job.image_ids[0]).name == "x ü.csv"
    assert names(bucket) == {"processed/x ü.csv"}


def test_several_of_the_same_name_do_not_meet(place, bucket, work, tmp_path):
    for first in (1.0, 20.0):
        upload(place, "x.csv", tiny_csv(tmp_path / "made.csv", first).read_bytes())
    assert [job.state for job in work()] == ["stored", "stored"]
    assert names(bucket) == {"processed/x.csv", "processed/x_2.csv"}


def test_uploads_and_what_has_landed_take_turns_and_a_bulk_of_files_comes_after_them(place, zone, drop, csv):
    (bulk,) = JobsInPlace(place.catalog).add([FileInPlace("/archive/y.csv", "y.csv", 5, "5-1")], time.time())
    drop("z.csv")
    zone.look()
    uploaded = upload(place, "x.csv", csv)
    leased = [place.jobs.lease_next("test", 60.0, time.time(), zone.uri)[0] for _ in range(3)]
    assert [job.name for job in leased] == ["z.csv", "x.csv", "y.csv"]
    assert [job.id for job in leased[1:]] == [uploaded, bulk]


def test_an_upload_that_was_taken_out_of_the_bucket_has_failed(place, bucket, work, csv):
    upload(place, "x.csv", csv)
    bucket.delete(names(bucket))
    (job,) = work()
    assert (job.state, job.reason, job.settled) == ("failed", "file_gone", True)


def test_where_the_bucket_is_away_there_is_no_job_and_no_draft(place, s3_server, bucket, csv):
    s3_server.stop()
    try:
        with pytest.raises(StorageUnavailable, match="does not answer"):
            upload(place, "x.csv", csv)
    finally:
        s3_server.start()
    assert drafts(place) == [] and names(bucket) == set()
    assert place.history.page(10)[1] == 0


def test_where_the_catalog_is_away_nothing_is_left_in_the_bucket(place, bucket, csv, monkeypatch):
    def silent(*_: object, **__: object) -> None:
        assert names(bucket), "the file is put before it has a job"
        raise CatalogUnavailable("away")

    monkeypatch.setattr(Jobs, "add", silent)
    with pytest.raises(CatalogUnavailable):
        upload(place, "x.csv", csv)
    assert drafts(place) == [] and names(bucket) == set()


def test_where_the_job_may_have_been_made_its_file_stays(place, bucket, csv, monkeypatch):
    def uncertain(*_: object, **__: object) -> None:
        raise CommitUncertain("no answer")

    monkeypatch.setattr(Jobs, "add", uncertain)
    with pytest.raises(CommitUncertain):
        upload(place, "x.csv", csv)
    assert len(names(bucket)) == 1


@pytest.fixture
def aged(s3_server, bucket):
    """Let a key be as if it had been put so many seconds ago."""

    def aged(key: str, seconds: float) -> None:
        file = s3_server.folder / bucket.uri.removeprefix("s3://") / key
        os.utime(file.resolve(), (time.time() - seconds,) * 2)

    return aged


def test_what_nobody_made_a_job_of_gets_one_in_the_end(place, zone, bucket, aged, csv, work, monkeypatch):
    """Its process died, or the catalog is an older one by now: what was answered with 202 must not be lost."""
    monkeypatch.setattr(module, "MOST_AT_ONCE", 1)
    upload(place, "waiting.csv", csv)
    (waiting,) = names(bucket)
    unasked, fresh, described, foreign = others = (
        f".uploads/{TOKEN}/x.csv",
        f".uploads/{TOKEN[::-1]}/x.csv",
        f".uploads/{TOKEN}/y.csv.json",
        ".uploads/north/x.csv",
    )
    for key in others:
        bucket.put(key, csv)
    for key in (waiting, unasked, described, foreign):
        aged(key, module.UNASKED_SECONDS + 10)
    aged(fresh, module.UNASKED_SECONDS - 1000)
    assert zone.look() == 1
    assert {(job.name, job.state) for job in work()} == {("waiting.csv", "stored"), ("x.csv", "duplicate")}
    assert names(bucket) == {"processed/waiting.csv", "processed/x.csv", fresh, described, foreign}
    zone.next_look_at_uploads = 0.0
    assert zone.look() == 0


def test_they_are_not_looked_for_in_every_look(zone, monkeypatch):
    listings: list[str] = []
    monkeypatch.setattr(Bucket, "unchanged_since", lambda self, moment, prefix: listings.append(prefix) or [])
    zone.look()
    zone.look()
    assert listings == [".uploads/"]
    zone.next_look_at_uploads = 0.0
    zone.look()
    assert len(listings) == 2


def test_the_draft_of_a_process_that_was_killed_is_removed_by_the_next_upload(place, csv):
    left, coming = (place.folders.uploads / f"{number}.part" for number in range(2))
    for draft in (left, coming):
        draft.write_bytes(csv)
    os.utime(left, (time.time() - DRAFT_SECONDS - 1,) * 2)
    upload(place, "x.csv", csv)
    assert drafts(place) == [coming]
