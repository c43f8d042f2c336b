from __future__ import annotations

import json
import time
from dataclasses import replace

import pytest

from app.errors import CatalogUnavailable, FileError, Reason
from app.pipeline import settling
from app.pipeline.folders import DataFolders
from app.pipeline.settling import settle, settle_all
from app.storage.catalog.jobs import Jobs
from tests.builders import ingest, tiny_csv

pytestmark = pytest.mark.both_databases


def fail(place, lease) -> None:
    place.jobs.fail(lease, time.time(), FileError(Reason.NOT_TEXT, "no text"))


def after(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    later = time.time() + seconds
    monkeypatch.setattr(settling.time, "time", lambda: later)


def test_a_file_that_cannot_be_moved_waits_and_is_moved_once_it_can(place, monkeypatch):
    place.folders.processed.rmdir()
    place.folders.processed.write_text("a file where a folder should be")
    job = ingest(place, tiny_csv(place.folders.data / "x.csv"))
    assert (job.state, job.settled) == ("stored", False)
    assert place.images.get(job.image_ids[0]).rows == 3
    assert place.history.unsettled() == 1
    assert place.folders.claimed(job.claim).name == "x.csv"

    settle_all(place, "other", 60.0)  # not at once: it has just been tried
    assert not place.jobs.get(job.id).settled
    place.folders.processed.unlink()
    after(monkeypatch, settling.NEXT_TRY_SECONDS + 0.1)
    settle_all(place, "other", 60.0)
    assert (place.jobs.get(job.id).target, place.history.unsettled()) == ("processed/x.csv", 0)
    assert (place.folders.processed / "x.csv").exists()


def test_an_error_of_our_own_with_one_file_keeps_no_other_from_its_place(place, monkeypatch, caplog):
    move = type(place.folders).move

    def stumble(self, claim, source, target) -> None:
        if source.name == "bad.csv":
            raise KeyError("ETag")
        move(self, claim, source, target)

    monkeypatch.setattr(type(place.folders), "move", stumble)
    bad = ingest(place, tiny_csv(place.folders.data / "bad.csv"))
    good = ingest(place, tiny_csv(place.folders.data / "good.csv", 20.0))
    assert (bad.settled, good.settled) == (False, True)
    assert "ETag" in caplog.text
    after(monkeypatch, settling.NEXT_TRY_SECONDS + 0.1)
    settle_all(place, "other", 60.0)
    assert place.history.unsettled() == 1


def test_trying_in_vain_does_not_go_on_for_ever(place, monkeypatch):
    place.folders.processed.rmdir()
    place.folders.processed.write_text("a file where a folder should be")
    ingest(place, tiny_csv(place.folders.data / "x.csv"))
    after(monkeypatch, 10.0)
    settle_all(place, "other", 60.0)
    assert place.history.unsettled() == 1


def test_a_file_that_is_due_again_at_once_does_not_keep_others_from_their_turn(place, monkeypatch):
    place.folders.processed.rmdir()
    place.folders.processed.write_text("a file where a folder should be")
    for number in range(2):
        ingest(place, tiny_csv(place.folders.data / f"{number}.csv", 20.0 * number))
    after(monkeypatch, settling.NEXT_TRY_SECONDS + 0.1)
    tried: list[int] = []
    settle_one = settling.settle

    def slow(at, job_id, lease) -> None:
        """Each try takes longer than the time until the next is due."""
        tried.append(job_id)
        settle_one(at, job_id, lease)
        after(monkeypatch, settling.NEXT_TRY_SECONDS + 0.1)

    monkeypatch.setattr(settling, "settle", slow)
    settle_all(place, "other", 60.0)
    assert len(tried) == len(set(tried)) == 2


def test_with_a_landing_zone_a_file_on_another_machine_waits_for_that(place, taken):
    job, lease = taken()
    fail(place, lease)
    elsewhere = replace(
        place,
        settings=place.settings.model_copy(update={"landing_uri": "s3://wells/incoming"}),
        folders=DataFolders(place.folders.data / "elsewhere"),
    )
    settle(elsewhere, job.id, lease)
    assert not place.jobs.get(job.id).settled
    settle(place, job.id, place.jobs.lease_unsettled("its own", 60.0, time.time() + 60.0)[1])
    assert place.jobs.get(job.id).target == "failed/x.csv"


def died_at(step: str, place, lease, job, monkeypatch) -> None:
    """Let `settle` die at one of its steps, as kill -9 would."""

    class Death(BaseException):
        pass

    def die(*_: object) -> None:
        raise Death

    owner, method = {
        "reserve": (Jobs, "reserve_target"),
        "report": (settling, "write_error_report"),
        "move": (DataFolders, "move"),
        "clear": (DataFolders, "remove_claim"),
        "note": (Jobs, "settle"),
    }[step]
    with monkeypatch.context() as patched:
        patched.setattr(owner, method, die)
        with pytest.raises(Death):
            settle(place, job.id, lease)


@pytest.mark.parametrize("step", ["reserve", "report", "move", "clear", "note"])
def test_a_death_at_any_step_leaves_one_file_and_one_report(place, taken, monkeypatch, step):
    job, lease = taken()
    fail(place, lease)
    died_at(step, place, lease, job, monkeypatch)
    place.jobs.release_all_of("test")
    settle_all(place, "other", 60.0)
    assert sorted(path.name for path in place.folders.failed.iterdir()) == ["x.csv", "x.csv.error.json"]
    assert (place.folders.failed / "x.csv").stat().st_size > 0
    assert json.loads((place.folders.failed / "x.csv.error.json").read_text())["reason"] == "not_text"
    assert list(place.folders.processing.iterdir()) == []
    assert place.jobs.get(job.id).settled


def test_two_jobs_of_one_name_never_share_a_target(place, taken, monkeypatch):
    first, first_lease = taken("x.csv", 1.0)
    second, second_lease = taken("x.csv", 2.0)
    for lease in (first_lease, second_lease):
        fail(place, lease)
    died_at("move", place, first_lease, first, monkeypatch)
    settle(place, second.id, second_lease)
    settle(place, first.id, first_lease)
    assert place.jobs.get(first.id).target == "failed/x.csv"
    assert place.jobs.get(second.id).target == "failed/x_2.csv"


def test_a_name_noted_for_another_job_is_not_taken_although_it_is_free_on_disk(place, taken):
    _, first_lease = taken("x.csv", 1.0)
    second, second_lease = taken("x.csv", 2.0)
    for lease in (first_lease, second_lease):
        fail(place, lease)
    assert place.jobs.reserve_target(first_lease, "failed/x.csv")
    settle(place, second.id, second_lease)
    assert place.jobs.get(second.id).target == "failed/x_2.csv"


def test_whoever_lost_the_lease_moves_nothing(place, taken):
    job, lease = taken()
    fail(place, lease)
    place.jobs.release_all_of("test")
    settle(place, job.id, lease)
    assert place.folders.claimed(job.claim) is not None
    assert list(place.folders.failed.iterdir()) == []


def test_without_a_catalog_the_file_stays_where_it_is(place, taken, monkeypatch):
    job, lease = taken()
    fail(place, lease)

    def silent(*_: object) -> None:
        raise CatalogUnavailable("the catalog does not answer")

    with monkeypatch.context() as patched:
        patched.setattr(Jobs, "reserve_target", silent)
        settle(place, job.id, lease)
        patched.setattr(settling, "_move", lambda *_: (_ for _ in ()).throw(OSError("no space")))
        patched.setattr(Jobs, "settle_later", silent)
        settle(place, job.id, lease)
    assert place.folders.claimed(job.claim) is not None
    settle(place, job.id, lease)
    assert place.jobs.get(job.id).settled
