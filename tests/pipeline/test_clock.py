"""The system's clock is set an hour forward, or back: what waits, what is leased, and who is alive."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app.errors import FileError, Reason
from app.pipeline import hosting
from app.pipeline.clock import ClockWatch
from app.pipeline.control import PipelineControl
from app.pipeline.host import PipelineHost
from app.pipeline.housekeeping import keep_house
from app.pipeline.workplace import Workplace
from app.storage.catalog.clock import follow_the_clock
from app.storage.catalog.leases import LEASE_SECONDS
from app.storage.catalog.tables import JobState
from tests.builders import eventually, tiny_csv

HOUR = 3600.0


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets the clock by so many seconds."""
    real, ahead = time.time, [0.0]
    monkeypatch.setattr(time, "time", lambda: real() + ahead[0])

    def set_by(seconds: float) -> None:
        ahead[0] += seconds

    return set_by


@pytest.fixture
def host(place: Workplace, monkeypatch: pytest.MonkeyPatch) -> Iterator[PipelineHost]:
    monkeypatch.setattr(hosting, "STOP_GRACE_SECONDS", 0.0)
    started = PipelineHost(place)
    started.start()
    eventually(lambda: PipelineControl(place).status().running, "the pipeline runs")
    yield started
    started.stop()


@pytest.fixture
def set_clock_of(
    host: PipelineHost, set_clock: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> Callable[[float], None]:
    """Sets the clock while the host sleeps."""
    tick, jumps = hosting.Hosting._tick, []

    def jump_and_tick(hosting: Any) -> None:
        while jumps:
            set_clock(jumps.pop())
        tick(hosting)

    monkeypatch.setattr(hosting.Hosting, "_tick", jump_and_tick)

    def set_by(seconds: float) -> None:
        jumps.append(seconds)
        eventually(lambda: not jumps, "the clock is set")

    return set_by


def waiting(place: Workplace, seconds: float) -> int:
    """A job that is to be tried again in so many seconds."""
    job, lease = place.jobs.add_leased(
        "x.csv", 1, time.time(), claim=None, path="/nowhere/x.csv", owner="me", seconds=60.0
    )
    place.jobs.retry_later(lease, time.time() + seconds, "storage_unavailable", "full")
    return job.id


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_a_jump_is_noticed_once(set_clock, jump):
    watch = ClockWatch()
    assert watch.jump() == 0.0
    set_clock(jump)
    assert watch.jump() == pytest.approx(jump, abs=1.0)
    watch.accept(watch.jump())
    assert watch.jump() == 0.0


def test_a_clock_that_is_led_back_gently_is_no_jump(set_clock):
    watch = ClockWatch()
    for _ in range(10):
        set_clock(1.0)
        assert watch.jump() == 0.0


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_a_job_that_waits_is_tried_again_when_it_was_to_be(place, set_clock_of, jump):
    job_id = waiting(place, 120.0)
    set_clock_of(jump)
    eventually(
        lambda: abs(place.jobs.get(job_id).not_before - time.time() - 120.0) < 20.0, "the clock is followed"
    )
    assert place.jobs.get(job_id).state == JobState.RETRYING


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_a_lease_that_is_held_is_left_to_its_holder(place, set_clock_of, jump):
    job, _ = place.jobs.add_leased(
        "x.csv", 1, time.time(), claim=None, path="/nowhere/x.csv", owner="me", seconds=LEASE_SECONDS
    )
    set_clock_of(jump)
    eventually(
        lambda: 0.0 < place.jobs.get(job.id).lease_until - time.time() <= LEASE_SECONDS, "the lease holds"
    )
    kept = place.jobs.get(job.id)
    assert (kept.state, kept.lease) == (JobState.RUNNING, job.lease)


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_a_file_that_waits_to_be_moved_is_moved_when_it_was_to_be(place, taken, set_clock, jump):
    job, lease = taken()
    place.jobs.fail(lease, time.time(), FileError(Reason.NOT_TEXT, "no text"))
    place.jobs.settle_later(lease, time.time() + 120.0)
    set_clock(jump)
    follow_the_clock(place.catalog, jump, time.time(), LEASE_SECONDS)
    assert place.jobs.get(job.id).lease_until - time.time() == pytest.approx(120.0, abs=20.0)


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_files_are_taken_and_the_host_is_known_to_live_whatever_the_clock_says(place, set_clock_of, jump):
    set_clock_of(jump)
    eventually(lambda: PipelineControl(place).status().running, "the host is alive")
    tiny_csv(place.folders.data / "a.csv")
    eventually(lambda: place.history.page(1)[1] == 1, "the file is taken")


def test_a_dead_hosts_word_from_the_future_is_not_taken_for_life(place, set_clock):
    place.board.update(host="gone-1-0123", seen_at=time.time())
    control = PipelineControl(place)
    assert control.status().host_alive
    set_clock(-HOUR)
    assert not control.status().host_alive


def test_a_clock_that_was_set_while_nobody_looked_makes_no_job_wait_for_long(place, set_clock, monkeypatch):
    monkeypatch.setattr(hosting, "STOP_GRACE_SECONDS", 0.0)
    job_id = waiting(place, 120.0)
    set_clock(-HOUR)
    host = PipelineHost(place)
    host.start()
    eventually(lambda: PipelineControl(place).status().running, "the pipeline runs")
    assert place.jobs.get(job_id).not_before <= time.time() + 300.0
    host.stop()


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_what_is_written_just_before_a_jump_is_not_swept(place, taken, fragments, set_clock, jump):
    """An attempt under way: its host follows the clock before it keeps house."""
    _, lease = taken()
    image_id = place.images.begin(lease, time.time())
    set_clock(jump)
    follow_the_clock(place.catalog, jump, time.time(), LEASE_SECONDS)
    keep_house(place, "host", 60.0)
    assert place.images.abandon(image_id), "nobody had given it up"
