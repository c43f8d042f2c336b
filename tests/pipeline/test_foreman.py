"""Long files shared among real workers."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from app.errors import CatalogUnavailable, FileError, Reason
from app.pipeline import retrying
from app.pipeline.claiming import enqueue
from app.pipeline.crew import Ended, Fate
from app.pipeline.foreman import Foreman
from app.pipeline.job import Unrecorded
from app.pipeline.steps import EndOfJob, PartOfJob, WholeJob
from app.pipeline.workers import Worker
from app.pipeline.workplace import Workplace
from app.storage.arrays.reading import RowReader
from app.storage.catalog.jobs import Jobs
from app.storage.catalog.tables import Job
from tests.builders import eventually, ingest, settings_in

ROWS = 33_000  # three parts for two workers


@cache
def long_lines(descending: bool = False) -> tuple[str, ...]:
    depths = [f"{100 + row / 10:.1f}" for row in range(ROWS)]
    lines = [f"{depth},{row * 7 % 256},{row % 250}.5\n" for row, depth in enumerate(depths)]
    return tuple(reversed(lines) if descending else lines)


def long_csv(path: Path, wrong_at: int | None = None, *, descending: bool = False) -> Path:
    lines = list(long_lines(descending))
    if wrong_at is not None:
        lines[wrong_at] = lines[wrong_at].replace(",", ",x", 1)
    path.write_text("depth,a,b\n" + "".join(lines))
    return path


class Yard:
    """A foreman with workers, told when to look."""

    def __init__(self, place: Workplace) -> None:
        self.place = place
        self.foreman = Foreman(place, "test")
        self.foreman.crew.start()

    def look(self) -> None:
        self.foreman.look_after_workers()
        self.foreman.dispatch()

    def drop(self, name: str, *wrong: int, descending: bool = False) -> int:
        long_csv(self.place.folders.data / name, *wrong, descending=descending)
        job_id = enqueue(self.place, name)
        assert job_id is not None
        return job_id

    def until(self, job_id: int, *states: str) -> Job:
        def there() -> Job | None:
            self.look()
            job = self.place.jobs.get(job_id)
            return job if job.state in states and (job.settled or "queued" in states) else None

        return eventually(there, f"job {job_id} is {states}", seconds=60)

    def until_crashed(self, job_id: int, times: int) -> None:
        def counted() -> bool:
            self.look()
            return self.place.jobs.get(job_id).crashes == times

        eventually(counted, f"job {job_id} has crashed {times} times")

    def at_a_part(self) -> Worker:
        """A worker that has begun with a part of a file that is still shared, suspended."""

        def found() -> Worker | None:
            self.look()
            for worker in self.foreman.crew.busy:
                if isinstance(worker.step, PartOfJob) and worker.step.lease in self.foreman.divisions.leases:
                    os.kill(worker.process.pid or 0, signal.SIGSTOP)
                    self.foreman.look_after_workers()
                    if isinstance(worker.step, PartOfJob) and worker.begun:
                        return worker
                    os.kill(worker.process.pid or 0, signal.SIGCONT)
            return None

        return eventually(found, "a part is under way", seconds=60)

    def close(self) -> None:
        for worker in self.foreman.crew.workers:
            if worker.process.is_alive():
                os.kill(worker.process.pid or 0, signal.SIGCONT)
        self.foreman.stop(0.0)


@pytest.fixture
def shared_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workplace]:
    monkeypatch.setattr(retrying, "FIRST_DELAY_SECONDS", 0.01)
    place = Workplace.open(settings_in(tmp_path, source_width="any", ingest_workers=2))
    place.folders.ensure()
    yield place
    place.catalog.close()


@pytest.fixture
def yard(shared_place: Workplace) -> Iterator[Yard]:
    made = Yard(shared_place)
    yield made
    made.close()


@pytest.fixture
def by_one(tmp_path: Path) -> Iterator[Callable[..., tuple[Workplace, Job]]]:
    """The same file read by one process, in a place of its own."""
    folder = tmp_path / "by one"
    folder.mkdir()
    place = Workplace.open(settings_in(folder, source_width="any"))
    yield lambda *wrong, **how: (place, ingest(place, long_csv(folder / "x.csv", *wrong, **how)))
    place.catalog.close()


def what_is_stored(place: Workplace, job: Job):

    image = place.images.get(job.image_ids[0])
    reader = RowReader(place.arrays, 0)
    arrays = [reader.depths(image.id, image.rows).copy()]
    arrays += [
        reader.rows(image.id, level, 0, -(-image.rows // 4**level)).copy()
        for level in range(image.levels + 1)
    ]
    reader.close()
    figures = {
        name: getattr(image, name)
        for name in ("sha256", "rows", "levels", "depth_min", "step", "descending", "display_high")
    }
    return arrays, figures


@pytest.mark.parametrize("descending", [False, True])
def test_a_shared_file_is_stored_once_as_one_process_stores_it(yard, by_one, descending):
    seen: set[type] = set()
    submit = yard.foreman.crew.submit
    yard.foreman.crew.submit = lambda step: (seen.add(type(step)), submit(step))
    job = yard.until(yard.drop("x.csv", descending=descending), "stored")
    assert {PartOfJob, EndOfJob} <= seen, "it was shared"
    assert (job.attempts, job.crashes, job.rows_done, job.target) == (1, 0, ROWS, "processed/x.csv")
    assert yard.place.images.page(10)[1] == 1
    arrays, figures = what_is_stored(yard.place, job)
    expected_arrays, expected_figures = what_is_stored(*by_one(descending=descending))
    for found, expected in zip(arrays, expected_arrays, strict=True):
        np.testing.assert_array_equal(found, expected)
    assert figures == expected_figures


def test_a_bad_cell_in_the_second_part_is_told_as_by_one_process(yard, by_one, fragments_in):
    job = yard.until(yard.drop("x.csv", 20_000), "failed")
    _, expected = by_one(20_000)
    for fact in ("reason", "message", "row", "column", "value"):
        assert getattr(job, fact) == getattr(expected, fact) is not None
    assert job.row == 20_002
    report = json.loads((yard.place.folders.failed / "x.csv.error.json").read_text())
    assert report["row"] == 20_002
    assert yard.place.images.page(10)[1] == 0 and fragments_in(yard.place) == []


@pytest.fixture
def fragments_in() -> Callable[[Workplace], list[Path]]:
    return lambda place: list((place.settings.db_dir / "arrays").glob("*/*/__fragments/*"))


def test_a_worker_killed_during_a_part_is_charged_and_the_file_is_stored_once(yard):
    job_id = yard.drop("x.csv")
    yard.at_a_part().process.kill()
    job = yard.until(job_id, "stored")
    assert (job.crashes, job.attempts) == (1, 1), "the part alone was read again"
    assert yard.place.images.page(10)[1] == 1


def test_a_file_whose_parts_kill_their_workers_is_poison(yard, monkeypatch):
    monkeypatch.setattr(retrying, "FIRST_DELAY_SECONDS", 0.0)
    job_id = yard.drop("x.csv")
    for crashes in (1, 2, 3):
        yard.at_a_part().process.kill()
        yard.until_crashed(job_id, crashes)
    job = yard.until(job_id, "failed")
    assert (job.reason, job.crashes, job.attempts) == ("worker_died", 3, 2)
    assert yard.place.images.page(10)[1] == 0


def test_a_part_that_takes_too_long_fails_the_file(yard):
    job_id = yard.drop("x.csv")
    yard.at_a_part().since -= 2 * yard.place.settings.file_seconds
    assert yard.until(job_id, "failed").reason == "took_too_long"
    other = yard.drop("y.csv")
    assert yard.until(other, "stored").attempts == 1


def test_stopping_during_parts_puts_the_job_back_uncharged(yard):
    job_id = yard.drop("x.csv")
    yard.at_a_part()
    yard.foreman.stop(0.0)
    job = yard.place.jobs.get(job_id)
    assert (job.state, job.attempts, job.crashes) == ("queued", 0, 0)
    again = Yard(yard.place)
    try:
        assert again.until(job_id, "stored").attempts == 1
    finally:
        again.close()
    assert yard.place.images.page(10)[1] == 1


def test_a_shared_file_that_changes_meanwhile_is_stored_as_it_ended_up(yard):
    job_id = yard.drop("x.csv")
    worker = yard.at_a_part()
    path = yard.place.folders.claimed(yard.place.jobs.get(job_id).claim)
    with path.open("a") as file:
        file.write(f"{100 + ROWS / 10:.1f},7,7\n")
    os.kill(worker.process.pid, signal.SIGCONT)
    job = yard.until(job_id, "stored")
    assert yard.place.images.get(job.image_ids[0]).rows == ROWS + 1
    assert yard.place.images.page(10)[1] == 1


def test_a_job_taken_from_us_during_its_parts_is_left_to_whoever_has_it(yard):
    job_id = yard.drop("x.csv")
    worker = yard.at_a_part()
    yard.place.jobs.release_all_of("test")
    found = yard.place.jobs.lease_next("another", 60.0, 1.0e12)
    assert found is not None and found[0].id == job_id
    os.kill(worker.process.pid, signal.SIGCONT)

    def all_idle() -> bool:
        yard.look()
        return not yard.foreman.crew.busy and not yard.foreman.divisions.leases

    eventually(all_idle, "they leave it")
    assert yard.place.jobs.get(job_id).lease == found[1].token
    assert yard.place.images.page(10)[1] == 0


def test_the_same_long_file_twice_is_stored_once(yard, fragments_in):
    jobs = [yard.drop("x.csv"), yard.drop("y.csv")]
    ended = [yard.until(job_id, "stored", "duplicate") for job_id in jobs]
    assert sorted(job.state for job in ended) == ["duplicate", "stored"]
    assert ended[0].image_ids == ended[1].image_ids
    assert yard.place.images.page(10)[1] == 1
    assert {path.name.split("_")[2] for path in fragments_in(yard.place)} == {str(ended[0].image_ids[0])}


@pytest.mark.parametrize(("fate", "state"), [("died", "retrying"), ("too long", "failed")])
def test_what_became_of_a_job_is_recorded_once_the_catalog_answers(place, taken, monkeypatch, fate, state):
    job, lease = taken()
    foreman = Foreman(place, "test")
    ended = [Ended(WholeJob(job, lease), Fate.DIED)]
    monkeypatch.setattr(foreman.crew, "collect", lambda: iter(ended if fate == "died" else []))
    overdue = [WholeJob(job, lease)] if fate == "too long" else []
    monkeypatch.setattr(foreman.crew, "end_overdue", lambda limit: iter(overdue))
    with monkeypatch.context() as patched:
        for method in ("charge", "fail"):
            patched.setattr(Jobs, method, unavailable)
        with pytest.raises(CatalogUnavailable):
            foreman.look_after_workers()
    ended.clear()
    overdue.clear()
    assert place.jobs.get(job.id).state == "running"
    foreman.look_after_workers()
    assert place.jobs.get(job.id).state == state
    foreman.look_after_workers()
    assert place.jobs.get(job.id).crashes == (1 if fate == "died" else 0)


def test_a_job_whose_outcome_no_catalog_could_take_down_is_queued_again(place, taken, monkeypatch):
    job, lease = taken()
    foreman = Foreman(place, "test")
    ended_untold = Ended(WholeJob(job, lease), Fate.DONE, Unrecorded())
    monkeypatch.setattr(foreman.crew, "collect", lambda: iter([ended_untold]))
    foreman.look_after_workers()
    again = place.jobs.get(job.id)
    assert (again.state, again.attempts, again.crashes) == ("queued", 0, 0)


def test_a_job_that_had_ended_although_nobody_heard_of_it_is_left_as_it_ended(place, taken, monkeypatch):
    job, lease = taken()
    place.jobs.fail(lease, time.time(), FileError(Reason.NOT_TEXT, "no text"))
    foreman = Foreman(place, "test")
    ended_untold = Ended(WholeJob(job, lease), Fate.DONE, Unrecorded())
    monkeypatch.setattr(foreman.crew, "collect", lambda: iter([ended_untold]))
    foreman.look_after_workers()
    ended = place.jobs.get(job.id)
    assert (ended.state, ended.settled, ended.target) == ("failed", True, "failed/x.csv")


def unavailable(*_: object, **__: object) -> None:
    raise CatalogUnavailable("the catalog does not answer")
