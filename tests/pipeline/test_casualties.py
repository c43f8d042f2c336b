from __future__ import annotations

import time

import pytest

from app.errors import FileError, Reason
from app.pipeline.casualties import charge, give_back, give_up

pytestmark = pytest.mark.both_databases


def test_a_file_is_tried_three_times_when_its_worker_dies_and_then_fails(place, taken, leased_again):
    job, lease = taken()
    for delay in (2.0, 4.0):
        before = time.time()
        charge(place, lease)
        waiting = place.jobs.get(job.id)
        assert (waiting.state, waiting.reason) == ("retrying", "worker_died")
        assert before + delay <= waiting.not_before <= time.time() + delay
        _, lease = leased_again()
    charge(place, lease)
    failed = place.jobs.get(job.id)
    assert (failed.state, failed.reason, failed.target, failed.crashes) == (
        "failed",
        "worker_died",
        "failed/x.csv",
        3,
    )
    assert "3 times" in (failed.message or "")


def test_a_file_whose_worker_died_before_it_began_is_not_charged(place, taken, leased_again):
    job, lease = taken()
    give_back(place, lease)
    job = place.jobs.get(job.id)
    assert (job.state, job.attempts, job.crashes, job.not_before) == ("queued", 0, 0, 0.0)


def test_a_file_that_takes_too_long_fails_at_once(place, taken):
    job, lease = taken()
    give_up(place, lease)
    job = place.jobs.get(job.id)
    assert (job.state, job.reason, job.target) == ("failed", "took_too_long", "failed/x.csv")
    assert "BOREHOLE_FILE_SECONDS" in (job.message or "")


@pytest.mark.parametrize("reproach", [charge, give_up, give_back])
def test_a_job_that_had_ended_before_its_worker_is_left_as_it_ended_and_its_file_moved(
    place, taken, reproach
):
    job, lease = taken()
    place.jobs.fail(lease, time.time(), FileError(Reason.NOT_TEXT, "no text"))
    reproach(place, lease)
    ended = place.jobs.get(job.id)
    assert (ended.state, ended.reason, ended.settled) == ("failed", "not_text", True)
    assert (place.folders.failed / "x.csv").exists()
