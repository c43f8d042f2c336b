from __future__ import annotations

import errno
import json
import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from app.errors import CatalogUnavailable, StorageUnavailable
from app.pipeline import attempt as attempt_module
from app.pipeline import settling
from app.pipeline.claiming import take
from app.pipeline.job import Unrecorded, run_job
from app.pipeline.settling import settle_all
from app.storage.arrays.writing import ImageWriter
from app.storage.catalog.jobs import Jobs
from app.storage.catalog.tables import EventKind
from tests.builders import image_rows, ingest, tiny_csv, write_csv

pytestmark = pytest.mark.both_databases


def during_ingestion(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """Let something happen once, after a file was read and before its image is committed."""
    store_image = attempt_module.store_image

    def interrupted(*arguments: Any) -> object:
        stored = store_image(*arguments)
        monkeypatch.setattr(attempt_module, "store_image", store_image)
        happens()
        return stored

    monkeypatch.setattr(attempt_module, "store_image", interrupted)


def raising(error: BaseException) -> Callable[..., Any]:
    def raise_it(*_: object, **__: object) -> None:
        raise error

    return raise_it


def test_a_good_file_becomes_an_image_and_moves_to_processed(place):
    job = ingest(place, tiny_csv(place.folders.data / "x.csv", rows=5))
    assert (job.state, job.target, job.settled, job.attempts) == ("stored", "processed/x.csv", True, 1)
    assert place.images.get(job.image_ids[0]).rows == 5
    assert (place.folders.processed / "x.csv").exists()
    assert list(place.folders.processing.iterdir()) == []


def test_a_bad_file_moves_to_failed_with_the_place_at_fault(place):
    file = place.folders.data / "x.csv"
    tiny_csv(file)
    file.write_text(
        file.read_text().replace("3", "three", 1).replace("three", "3", 1) + "1.9," + "x" + ",1" * 199
    )
    job = ingest(place, file)
    assert (job.state, job.target) == ("failed", "failed/x.csv")
    report = json.loads((place.folders.failed / "x.csv.error.json").read_text())
    assert (
        report["file"],
        report["reason"],
        report["row"],
        report["column"],
        report["value"],
        report["job"],
    ) == (
        "x.csv",
        "not_a_number",
        5,
        "col1",
        "x",
        job.id,
    )
    assert place.images.page(10)[1] == 0


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("link", "a symbolic link"),
        ("dangling", "a symbolic link"),
        ("folder", "a folder"),
        ("pipe", "a pipe"),
    ],
)
def test_what_is_no_regular_file_is_refused_and_moved(place, taken, kind, words):
    dropped, elsewhere = place.folders.data / "x.csv", place.folders.data.parent / "elsewhere.csv"
    if kind == "folder":
        dropped.mkdir()
    elif kind == "pipe":
        os.mkfifo(dropped)
    else:
        if kind == "link":
            tiny_csv(elsewhere)
        dropped.symlink_to(elsewhere)
    job, lease = taken(made=True)
    run_job(place, job, lease)
    job = place.jobs.get(job.id)
    assert (job.state, job.reason) == ("failed", "not_a_regular_file")
    assert words.split()[-1] in (job.message or "")
    assert os.path.lexists(place.folders.failed / "x.csv")
    assert kind != "link" or elsewhere.exists()


def test_a_file_of_another_kind_is_refused_with_what_would_do(place):
    (place.folders.data / "notes.md").write_text("# notes")
    job = ingest(place, place.folders.data / "notes.md")
    assert (job.reason, job.target) == ("unsupported_format", "failed/notes.md")
    assert ".csv" in (job.message or "")


def test_a_file_removed_before_it_is_read_fails_and_leaves_nothing(place, taken):
    job, lease = taken()
    next((place.folders.processing / job.claim).iterdir()).unlink()
    run_job(place, job, lease)
    job = place.jobs.get(job.id)
    assert (job.state, job.reason, job.settled, job.target) == ("failed", "file_gone", True, None)
    assert list(place.folders.failed.iterdir()) == list(place.folders.processing.iterdir()) == []


def test_a_file_that_changes_while_it_is_read_is_stored_once_as_it_ended_up(
    place, taken, leased_again, monkeypatch, fragments
):
    job, lease = taken()
    path = place.folders.claimed(job.claim)

    def append() -> None:
        with path.open("a") as file:
            file.write("1.3" + ",7" * 200 + "\n")

    during_ingestion(monkeypatch, append)
    run_job(place, job, lease)
    assert (place.jobs.get(job.id).state, place.jobs.get(job.id).reason) == ("retrying", "file_changed")
    assert place.images.page(10)[1] == 0 and fragments(1) == []

    run_job(place, *leased_again())
    job = place.jobs.get(job.id)
    assert (job.state, job.reason, job.attempts) == ("stored", None, 2)
    images, total = place.images.page(10)
    assert (total, images[0].rows, images[0].id) == (1, 4, 2)


def test_the_same_bytes_under_another_name_name_the_image_they_equal(place):
    first = ingest(place, tiny_csv(place.folders.data / "x.csv"))
    second = ingest(place, tiny_csv(place.folders.data / "y.csv"))
    assert (second.state, second.image_ids, second.reason) == ("duplicate", first.image_ids, None)
    assert f"image {first.image_ids[0]}" in (second.message or "")
    assert (place.folders.processed / "y.csv").exists()
    assert place.images.page(10)[1] == 1


def test_the_same_name_with_other_content_is_another_image(place):
    ingest(place, tiny_csv(place.folders.data / "x.csv", 1.0))
    second = ingest(place, tiny_csv(place.folders.data / "x.csv", 2.0))
    assert (second.state, second.target) == ("stored", "processed/x_2.csv")
    assert place.images.page(10)[1] == 2


def test_the_file_of_a_deleted_image_may_come_back(place):
    first = ingest(place, tiny_csv(place.folders.data / "x.csv"))
    place.images.delete(first.image_ids[0], time.time())
    again = ingest(place, tiny_csv(place.folders.data / "x.csv"))
    assert again.state == "stored"
    assert again.image_ids != first.image_ids


def test_content_that_another_job_stores_meanwhile_is_stored_once(place, taken, monkeypatch, fragments):
    job, lease = taken("x.csv")
    other: list[Any] = []
    during_ingestion(monkeypatch, lambda: other.append(ingest(place, tiny_csv(place.folders.data / "y.csv"))))
    run_job(place, job, lease)
    job = place.jobs.get(job.id)
    assert (job.state, job.image_ids) == ("duplicate", other[0].image_ids)
    assert fragments(1) == [] and fragments(2) != []
    assert place.images.page(10)[1] == 1


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "storage_unavailable"),
        (StorageUnavailable("the array storage does not answer"), "storage_unavailable"),
        (CatalogUnavailable("the catalog does not answer: database is locked"), "catalog_unavailable"),
    ],
)
def test_trouble_that_is_not_the_files_makes_it_wait_longer_each_time_and_then_succeed(
    place, taken, leased_again, monkeypatch, fragments, error, reason
):
    job, lease = taken()
    with monkeypatch.context() as patched:
        patched.setattr(ImageWriter, "write_depths", raising(error))  # the rows are already written
        for delay in (2.0, 4.0, 8.0, 16.0):
            before = time.time()
            run_job(place, job, lease)
            waiting = place.jobs.get(job.id)
            assert (waiting.state, waiting.reason, waiting.message) == ("retrying", reason, str(error))
            assert before + delay <= waiting.not_before <= time.time() + delay
            job, lease = leased_again()
    run_job(place, job, lease)
    job = place.jobs.get(job.id)
    assert (job.state, job.reason, job.message, job.image_ids) == ("stored", None, None, [5])
    assert all(fragments(image_id) == [] for image_id in range(1, 5))


@pytest.mark.parametrize(
    ("error", "reason"), [(MemoryError(), "out_of_memory"), (RuntimeError("a bug"), "internal_error")]
)
def test_an_error_of_our_own_fails_the_file_at_the_third_time(
    place, taken, leased_again, monkeypatch, error, reason
):
    monkeypatch.setattr(attempt_module, "store_image", raising(error))
    job, lease = taken()
    states = []
    for attempt in range(3):
        if attempt:
            job, lease = leased_again()
        run_job(place, job, lease)
        states.append((place.jobs.get(job.id).state, place.jobs.get(job.id).reason))
    assert states == [("retrying", reason), ("retrying", reason), ("failed", reason)]
    assert (place.folders.failed / "x.csv.error.json").exists()


def test_waiting_for_storage_is_not_held_against_a_file(place, taken, leased_again, monkeypatch):
    job, lease = taken()
    with monkeypatch.context() as patched:
        patched.setattr(
            attempt_module, "store_image", raising(OSError(errno.ENOSPC, "No space left on device"))
        )
        for _ in range(4):
            run_job(place, job, lease)
            job, lease = leased_again()
    monkeypatch.setattr(attempt_module, "store_image", raising(RuntimeError("a bug")))
    run_job(place, job, lease)
    assert place.jobs.get(job.id).state == "retrying"


def test_a_worker_that_lost_its_lease_commits_nothing(place, taken, monkeypatch, fragments, leased_again):
    job, lease = taken()
    during_ingestion(monkeypatch, lambda: place.jobs.release_all_of("test"))
    run_job(place, job, lease)
    assert place.jobs.get(job.id).state == "queued"
    assert place.images.page(10)[1] == 0 and fragments(1) == []
    run_job(place, *leased_again())
    assert place.jobs.get(job.id).image_ids == [2]


@pytest.mark.parametrize("outcome", ["failed", "retrying"])
def test_a_worker_that_lost_its_lease_says_nothing_of_the_file_either(place, taken, monkeypatch, outcome):
    job, lease = taken()
    error = RuntimeError("a bug") if outcome == "failed" else OSError("no disk")

    def lose_it_and_fail(*_: object) -> None:
        place.jobs.release_all_of("test")
        raise error

    monkeypatch.setattr(attempt_module, "store_image", lose_it_and_fail)
    run_job(place, job, lease)
    assert (place.jobs.get(job.id).state, place.jobs.get(job.id).reason) == ("queued", None)


def test_an_outcome_that_cannot_be_recorded_leaves_the_job_to_its_lease(
    place, taken, monkeypatch, leased_again
):
    job, lease = taken()
    with monkeypatch.context() as patched:
        for method in ("note_content", "retry_later"):
            patched.setattr(Jobs, method, raising(CatalogUnavailable("the catalog does not answer")))
        assert isinstance(run_job(place, job, lease), Unrecorded)
    assert place.jobs.get(job.id).state == "running"
    assert place.jobs.lease_next("test", 60.0, time.time()) is None
    run_job(place, *leased_again())
    assert place.jobs.get(job.id).state == "stored"


def test_progress_that_cannot_be_told_keeps_no_file_from_being_stored(place, taken, monkeypatch):
    job, lease = taken()
    monkeypatch.setattr(attempt_module, "PROGRESS_SECONDS", 0.0)
    told = []

    def lost(*arguments: Any) -> None:
        told.append(arguments)
        raise CatalogUnavailable("the catalog does not answer")

    monkeypatch.setattr(Jobs, "progress", lost)
    run_job(place, job, lease)
    assert place.jobs.get(job.id).state == "stored"
    assert told


@pytest.mark.parametrize("text", ["NUL", "nulls"])
def test_what_a_file_holds_is_told_in_every_catalog(place, taken, text):
    """PostgreSQL's text has no NUL, and its JSON no NaN."""
    file = tiny_csv(place.folders.data / "x.csv")
    lines = file.read_text().splitlines()
    row = "\0" * 200 if text == "NUL" else "," * 200
    file.write_text("\n".join([lines[0], *(f"{depth}{row}" for depth in range(5))]) + "\n")
    job, lease = taken(made=True)
    run_job(place, job, lease)
    job = place.jobs.get(job.id)
    assert job.state == ("failed" if text == "NUL" else "stored"), job.message
    assert job.reason in ("not_text", None)


def test_an_image_whose_commit_was_made_but_not_confirmed_keeps_its_rows(place, taken, monkeypatch, reader):
    job, lease = taken()
    commit = type(place.images).commit

    def made_and_not_confirmed(*arguments: Any, **named: Any) -> None:
        commit(*arguments, **named)
        raise CatalogUnavailable("the catalog does not answer: the connection was lost")

    monkeypatch.setattr(type(place.images), "commit", made_and_not_confirmed)
    run_job(place, job, lease)
    job = place.jobs.get(job.id)
    assert (job.state, job.settled) == ("stored", False)
    assert not np.isnan(reader.rows(job.image_ids[0], 0, 0, 3)).any()
    monkeypatch.setattr(settling.time, "time", lambda: job.finished_at + 61.0)
    settle_all(place, "other", 60.0)
    assert (place.folders.processed / "x.csv").exists()


def test_an_interrupted_attempt_takes_away_what_it_wrote(place, taken, monkeypatch, fragments):
    job, lease = taken()
    during_ingestion(monkeypatch, raising(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        run_job(place, job, lease)
    assert fragments(1) == []
    assert place.images.abandoned(time.time() + 1000.0) == []


def test_progress_is_told_and_keeps_the_lease(place, taken, monkeypatch):
    depths, pixels = image_rows(20_000, width=8)
    write_csv(place.folders.data / "x.csv", depths, pixels.round())
    monkeypatch.setattr(attempt_module, "PROGRESS_SECONDS", 0.0)
    object.__setattr__(place.settings, "source_width", 8)
    job, lease = taken(made=True)
    told: list[tuple[int, int]] = []
    run_job(place, job, lease, lambda done, total: told.append((done, total)))
    events = [event.data for event in place.events.after(0, 1000) if event.kind == EventKind.JOB]
    progress = [event for event in events if event["state"] == "running" and event["rows_done"]]
    assert [event["rows_done"] for event in progress] == [done for done, _ in told]
    assert len(told) > 2 and told[-1] == (20_000, 20_000)
    assert all(total == 20_000 for _, total in told)
    assert progress[-1]["lease_until"] >= events[0]["started_at"] + 60.0


def test_a_file_cut_off_in_mid_row_because_it_is_still_written_is_read_again(place, monkeypatch):
    """What is wrong with half a file says nothing of the whole."""
    file = tiny_csv(place.folders.data / "x.csv")
    whole = file.read_bytes()
    file.write_bytes(whole[:-3] + b"x")
    job, lease = take(place, "x.csv", "test", 60.0)
    claimed = place.folders.claimed(job.claim)
    read = attempt_module.store_image

    def written_to_meanwhile(*arguments):
        try:
            return read(*arguments)
        finally:
            claimed.write_bytes(whole)

    monkeypatch.setattr(attempt_module, "store_image", written_to_meanwhile)
    run_job(place, job, lease)
    assert (place.jobs.get(job.id).state, place.jobs.get(job.id).reason) == ("retrying", "file_changed")


def test_a_file_that_changes_while_it_is_hashed_is_no_duplicate_of_what_it_was(
    place, taken, monkeypatch, leased_again
):
    known = ingest(place, tiny_csv(place.folders.data / "known.csv"))
    job, lease = taken()
    path = place.folders.claimed(job.claim)
    fingerprint = attempt_module.fingerprint

    def written_to_afterwards(path):
        found = fingerprint(path)
        with path.open("a") as file:
            file.write("1.3" + ",7" * 200 + "\n")
        return found

    with monkeypatch.context() as patched:
        patched.setattr(attempt_module, "fingerprint", written_to_afterwards)
        run_job(place, job, lease)
    assert (place.jobs.get(job.id).state, place.jobs.get(job.id).reason) == ("retrying", "file_changed")
    run_job(place, *leased_again())
    stored = place.jobs.get(job.id)
    assert stored.state == "stored" and stored.image_ids != known.image_ids
    assert path is not None and not path.exists()


@pytest.mark.parametrize("found", ["before it is read", "at its commit"])
def test_a_file_whose_equal_is_deleted_just_then_is_stored(place, taken, monkeypatch, found):
    def known() -> Any:
        return ingest(place, tiny_csv(place.folders.data / "known.csv")).image_ids[0]

    duplicate = Jobs.duplicate

    def deleted_just_before(self, lease, now, image_ids):
        place.images.delete(image_ids[0], now)
        return duplicate(self, lease, now, image_ids)

    if found == "before it is read":
        known()
    else:
        during_ingestion(monkeypatch, known)
    monkeypatch.setattr(Jobs, "duplicate", deleted_just_before)
    job, lease = taken()
    run_job(place, job, lease)
    job = place.jobs.get(job.id)
    assert job.state == "stored"
    assert [image.id for image in place.images.page(10)[0]] == job.image_ids
