"""Trying again what failed in the landing zone, on a real S3 server."""

from __future__ import annotations

import json

import pytest

from app.errors import NothingToRetry, StorageUnavailable
from app.pipeline import settling
from app.pipeline.retrying import retry_now
from app.pipeline.workplace import Workplace
from app.storage.catalog.tables import Job
from tests.builders import tiny_csv
from tests.pipeline.landing_zone import names, upload


@pytest.fixture
def place(in_landing_zone) -> Workplace:
    return in_landing_zone


@pytest.fixture(params=["landed", "uploaded"])
def failed(request, place, zone, bucket, work) -> Job:
    """x.csv in failed/, as it came."""
    if request.param == "uploaded":
        upload(place, "x.csv", b"nothing")
    else:
        bucket.put("x.csv", b"nothing")
        zone.look()
    (job,) = work()
    assert names(bucket) == {"failed/x.csv", "failed/x.csv.error.json"}
    return job


def test_a_file_mended_where_it_lies_gets_through(place, failed, bucket, work, tmp_path):
    content = tiny_csv(tmp_path / "made.csv").read_bytes()
    bucket.put("failed/x.csv", content)
    revived = retry_now(place, failed.id)
    assert (revived.id, revived.state, revived.attempts, revived.reason) == (failed.id, "queued", 0, None)
    (job,) = work()
    assert (job.state, job.settled, job.target) == ("stored", True, f"{bucket.uri}/processed/x.csv")
    assert job.size_bytes == len(content)
    assert names(bucket) == {"processed/x.csv"}


def test_what_replaces_it_while_it_is_read_is_not_taken_for_it(
    place, failed, bucket, work, tmp_path, monkeypatch
):
    bucket.put("failed/x.csv", tiny_csv(tmp_path / "made.csv").read_bytes())
    retry_now(place, failed.id)
    move_on = settling.move_on

    def replaced_before(*arguments) -> None:
        bucket.put("failed/x.csv", b"never read")
        move_on(*arguments)

    monkeypatch.setattr(settling, "move_on", replaced_before)
    assert [job.state for job in work()] == ["stored"]
    assert bucket.get("failed/x.csv") == b"never read"
    assert "processed/x.csv" not in names(bucket)


def test_one_that_fails_again_stays_and_its_report_is_the_latest(place, failed, bucket, work):
    bucket.put("failed/x.csv", b"depth,a,b\n1,2,3\n")
    retry_now(place, failed.id)
    (job,) = work()
    assert (job.state, job.settled, job.target) == ("failed", True, failed.target)
    assert names(bucket) == {"failed/x.csv", "failed/x.csv.error.json"}
    report = json.loads(bucket.get("failed/x.csv.error.json"))
    assert (report["reason"], report["job"]) == ("wrong_width", failed.id)
    assert retry_now(place, failed.id).state == "queued", "as often as one likes"


def test_a_second_retry_finds_nothing_to_do(place, failed):
    retry_now(place, failed.id)
    with pytest.raises(NothingToRetry, match="is queued"):
        retry_now(place, failed.id)


def test_a_file_that_was_taken_away_cannot_be_tried_again(place, failed, bucket):
    bucket.delete(["failed/x.csv"])
    with pytest.raises(NothingToRetry, match="no longer there"):
        retry_now(place, failed.id)
    assert place.jobs.get(failed.id).state == "failed"


def test_the_file_of_a_later_job_is_not_tried_again_in_place_of_an_earlier_ones(place, failed, bucket, work):
    bucket.delete(["failed/x.csv", "failed/x.csv.error.json"])
    later = upload(place, "x.csv", b"nothing else")
    work()
    assert place.jobs.get(later).target == failed.target
    with pytest.raises(NothingToRetry, match=r"another file by now; as for .* landing zone"):
        retry_now(place, failed.id)
    retry_now(place, later)
    with pytest.raises(NothingToRetry, match=f"the file of job {later}"):
        retry_now(place, failed.id)


def test_one_that_was_gone_before_it_was_read_has_to_come_again(place, bucket, work):
    job_id = upload(place, "x.csv", b"nothing")
    bucket.delete(names(bucket))
    work()
    with pytest.raises(NothingToRetry, match="copy it into the landing zone"):
        retry_now(place, job_id)


def test_while_the_bucket_is_away_it_stays_failed(place, failed, s3_server):
    s3_server.stop()
    try:
        with pytest.raises(StorageUnavailable):
            retry_now(place, failed.id)
    finally:
        s3_server.start()
    assert place.jobs.get(failed.id).state == "failed"
    assert retry_now(place, failed.id).state == "queued"
