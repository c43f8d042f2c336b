"""Claiming, sweeping and housekeeping: what a death leaves behind, and who clears it away."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from app.errors import CatalogUnavailable, FileError, Reason
from app.pipeline import claiming, housekeeping
from app.pipeline.claiming import enqueue, enqueue_upload, return_orphans, take
from app.pipeline.housekeeping import keep_house
from app.pipeline.sweeping import sweep
from app.storage.arrays.writing import ImageWriter
from app.storage.catalog.jobs import Jobs
from app.storage.catalog.tables import JobState
from tests.builders import ingest, tiny_csv

pytestmark = pytest.mark.both_databases

DEPTHS = np.array([1.0, 2.0])


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claiming, "ORPHAN_SECONDS", 0.0)


def test_a_file_that_somebody_else_took_gets_no_second_job(place):
    tiny_csv(place.folders.data / "x.csv")
    assert enqueue(place, "x.csv") is not None
    assert enqueue(place, "x.csv") is None
    assert take(place, "x.csv", "test", 60.0) is None
    assert enqueue_upload(place, place.folders.uploads / "missing.part", "x.csv") is None
    assert place.history.page(10)[1] == 1


def test_a_death_between_the_claim_and_its_job_gives_the_file_back(place, monkeypatch):
    tiny_csv(place.folders.data / "x.csv")

    class Death(BaseException):
        pass

    def die(*_: object, **__: object) -> None:
        raise Death

    with monkeypatch.context() as patched:
        patched.setattr(Jobs, "add", die)
        with pytest.raises(Death):
            enqueue(place, "x.csv")
    assert not (place.folders.data / "x.csv").exists()
    keep_house(place, "host", 60.0)
    assert (place.folders.data / "x.csv").exists()


def test_a_claim_with_a_job_is_no_orphan(place, taken):
    job, _ = taken()
    os.utime(place.folders.processing / job.claim, (0, 0))
    assert return_orphans(place) == []


def test_what_an_abandoned_attempt_wrote_is_swept_once(place, taken, fragments):
    _, lease = taken()
    image_id = place.images.begin(lease, time.time())
    ImageWriter(place.arrays, image_id).write_depths(0, DEPTHS)
    sweep(place, grace_seconds=-1.0)
    assert fragments(image_id) != []  # somebody works on it
    place.jobs.put_back(lease)
    sweep(place, grace_seconds=-1.0)
    assert fragments(image_id) == []
    assert place.images.abandoned(time.time() + 1.0) == []


def test_a_fragment_that_the_catalog_has_never_heard_of_is_left_alone(place, fragments):
    stored = ingest(place, tiny_csv(place.folders.data / "x.csv")).image_ids[0]
    ImageWriter(place.arrays, 77).write_depths(0, DEPTHS)
    sweep(place, grace_seconds=-1.0)
    assert fragments(77) != [] and fragments(stored) != []


def test_the_arrays_of_a_deleted_image_are_erased_and_its_neighbours_stay(place, fragments):
    first, second = (
        ingest(place, tiny_csv(place.folders.data / "x.csv", first)).image_ids[0] for first in (1.0, 2.0)
    )
    place.images.delete(first, time.time())
    sweep(place, grace_seconds=-1.0)
    assert fragments(first) == [] and fragments(second) != []
    assert place.images.deleted_before(time.time() + 1.0) == []


def test_a_deleted_image_can_be_read_for_a_while(place, fragments):
    image = ingest(place, tiny_csv(place.folders.data / "x.csv")).image_ids[0]
    place.images.delete(image, time.time())
    keep_house(place, "host", 60.0)
    assert fragments(image) != []


def test_history_is_kept_for_ever_unless_days_are_given(place, monkeypatch):
    ingest(place, tiny_csv(place.folders.data / "x.csv"))
    later = time.time() + 400 * 86_400.0
    monkeypatch.setattr(housekeeping.time, "time", lambda: later)
    keep_house(place, "host", 60.0)
    assert place.history.page(10)[1] == 1
    object.__setattr__(place.settings, "history_days", 401.0)
    keep_house(place, "host", 60.0)
    assert place.history.page(10)[1] == 1
    object.__setattr__(place.settings, "history_days", 399.0)
    keep_house(place, "host", 60.0)
    assert place.history.page(10)[1] == 0
    assert place.images.page(10)[1] == 1


def test_jobs_that_have_not_ended_or_not_settled_are_not_pruned(place, taken):
    taken("running.csv")
    _, finished_lease = taken("finished.csv", 2.0)
    place.jobs.fail(finished_lease, 1.0, FileError(Reason.NOT_TEXT, "no text"))
    place.history.prune(time.time() + 1000.0)
    assert {job.state for job in place.history.page(10)[0]} == {JobState.RUNNING, JobState.FAILED}


def test_old_events_are_forgotten(place, taken, monkeypatch):
    taken()
    assert place.events.latest() > 0
    monkeypatch.setattr(housekeeping, "EVENT_SECONDS", -1.0)
    keep_house(place, "host", 60.0)
    assert place.events.latest() == 0


@pytest.mark.parametrize("take_it", [enqueue, lambda place, name: take(place, name, "test", 60.0)])
def test_a_file_goes_back_at_once_where_the_catalog_takes_no_job(place, monkeypatch, take_it):
    tiny_csv(place.folders.data / "x.csv")

    @contextmanager
    def full() -> Iterator[None]:
        raise CatalogUnavailable("database or disk is full")
        yield

    with monkeypatch.context() as patched:
        patched.setattr(place.catalog, "writing", full)
        with pytest.raises(CatalogUnavailable):
            take_it(place, "x.csv")
    assert (place.folders.data / "x.csv").exists()
    assert list(place.folders.processing.iterdir()) == []
    assert take_it(place, "x.csv") is not None
