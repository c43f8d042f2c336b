from __future__ import annotations

import time

import pytest

from app.errors import FileError, JobNotFound, LeaseLost, NothingToRetry, Reason
from app.pipeline.job import run_job
from app.pipeline.retrying import retry_delay, retry_now
from app.storage.catalog.jobs import Jobs
from tests.builders import ingest, tiny_csv

pytestmark = pytest.mark.both_databases


@pytest.fixture
def failed(place):
    """x.csv in failed/, for a reason that has gone."""
    (place.folders.data / "x.csv").write_text("nothing")
    job = ingest(place, place.folders.data / "x.csv")
    assert job.state == "failed"
    tiny_csv(place.folders.failed / "x.csv")
    return job


def test_delays_double_up_to_five_minutes():
    delays = [retry_delay(attempt) for attempt in range(1, 12)]
    assert delays[:8] == [2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0]
    assert delays[8:] == [300.0] * 3
    assert retry_delay(10**6) == 300.0


def test_a_failed_file_is_taken_out_of_failed_and_gets_through(place, failed, leased_again):
    revived = retry_now(place, failed.id)
    assert (revived.id, revived.state, revived.attempts, revived.reason) == (failed.id, "queued", 0, None)
    assert list(place.folders.failed.iterdir()) == []
    run_job(place, *leased_again())
    job = place.jobs.get(failed.id)
    assert (job.state, job.target, job.attempts) == ("stored", "processed/x.csv", 1)


def test_a_waiting_job_runs_at_once(place, taken):
    job, lease = taken()
    place.jobs.retry_later(lease, time.time() + 300.0, "storage_unavailable", "no space")
    assert place.jobs.lease_next("test", 60.0, time.time()) is None
    assert retry_now(place, job.id).state == "queued"
    assert place.jobs.lease_next("test", 60.0, time.time()) is not None


def test_what_has_not_failed_is_not_tried_again(place, taken):
    stored = ingest(place, tiny_csv(place.folders.data / "x.csv"))
    running, _ = taken("y.csv", 2.0)
    for job in (stored, running):
        with pytest.raises(NothingToRetry) as refusal:
            retry_now(place, job.id)
        assert refusal.value.details == {"state": place.jobs.get(job.id).state}
    with pytest.raises(JobNotFound):
        retry_now(place, 99)


def test_a_second_retry_finds_nothing_to_do(place, failed):
    retry_now(place, failed.id)
    with pytest.raises(NothingToRetry):
        retry_now(place, failed.id)


def test_a_failed_file_that_was_taken_away_cannot_be_tried_again(place, failed):
    (place.folders.failed / "x.csv").unlink()
    with pytest.raises(NothingToRetry, match="no longer there"):
        retry_now(place, failed.id)
    assert place.jobs.get(failed.id).state == "failed"


def test_the_file_of_a_later_job_is_not_tried_again_in_place_of_an_earlier_ones(place, failed):
    (place.folders.failed / "x.csv").unlink()
    (place.folders.failed / "x.csv.error.json").unlink()
    (place.folders.data / "x.csv").write_text("nothing else")
    later = ingest(place, place.folders.data / "x.csv")
    assert later.target == failed.target
    with pytest.raises(NothingToRetry, match="another file by now"):
        retry_now(place, failed.id)
    assert retry_now(place, later.id).state == "queued"


def test_a_file_still_on_its_way_to_failed_has_to_arrive_first(place, taken):
    job, lease = taken()
    place.jobs.fail(lease, time.time(), FileError(Reason.NOT_TEXT, "no text"))
    with pytest.raises(NothingToRetry, match="on its way"):
        retry_now(place, job.id)


def test_a_file_that_was_gone_before_it_was_read_has_to_come_again(place, taken):
    job, lease = taken()
    place.folders.claimed(job.claim).unlink()
    run_job(place, job, lease)
    with pytest.raises(NothingToRetry, match="was removed before it was read"):
        retry_now(place, job.id)


def test_a_file_ingested_where_it_lies_is_tried_again_by_hand(place, tmp_path):
    file = tmp_path / "x.csv"
    file.write_text("nothing")
    job, lease = place.jobs.add_leased(
        "x.csv", 7, time.time(), claim=None, path=str(file), owner="test", seconds=60.0
    )
    run_job(place, job, lease)
    with pytest.raises(NothingToRetry, match="ingested by hand"):
        retry_now(place, job.id)
    assert file.exists()


def test_whoever_is_second_at_the_catalog_is_told_so(place, taken, monkeypatch):
    job, lease = taken()
    place.jobs.retry_later(lease, time.time() + 300.0, "storage_unavailable", "no space")

    def too_late(self: Jobs, job_id: int, claim: str | None) -> None:
        raise LeaseLost(f"job {job_id} no longer waits")

    monkeypatch.setattr(Jobs, "revive", too_late)
    with pytest.raises(NothingToRetry, match="no longer waits"):
        retry_now(place, job.id)


def test_the_catalog_revives_a_job_once(place, failed, taken):
    waiting, lease = taken("y.csv")
    place.jobs.retry_later(lease, 0.0, "storage_unavailable", "no space")
    place.jobs.revive(waiting.id, None)
    place.jobs.revive(failed.id, "token")
    for job_id, claim in ((waiting.id, None), (failed.id, "other")):
        with pytest.raises(LeaseLost):
            place.jobs.revive(job_id, claim)
    with pytest.raises(JobNotFound):
        place.jobs.revive(99, None)
