"""A landing zone on a real S3 server."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.errors import NothingToRetry, StorageUnavailable
from app.pipeline import landing as module
from app.pipeline import settling
from app.pipeline.control import PipelineControl
from app.pipeline.host import PipelineHost
from app.pipeline.job import run_job
from app.pipeline.landing import LandingZone
from app.pipeline.retrying import retry_now
from app.pipeline.settling import settle_all
from app.pipeline.workplace import Workplace
from app.storage.arrays.bucket import Bucket
from app.storage.catalog.tables import Job
from tests.builders import eventually, settings_in, tiny_csv


@pytest.fixture
def bucket(s3_server, tmp_path) -> Bucket:
    folder = s3_server.bucket(f"landing-{abs(hash(tmp_path))}")
    return Bucket(f"s3://{folder.name}/incoming")


@pytest.fixture
def place(bucket, tmp_path) -> Iterator[Workplace]:
    settings = settings_in(tmp_path, landing_uri=bucket.uri, rescan_seconds=0.1)
    opened = Workplace.open(settings)
    opened.folders.ensure()
    opened.board.update(host="test")
    yield opened
    opened.catalog.close()


@pytest.fixture
def zone(place) -> LandingZone:
    return LandingZone(place, place.settings.landing_uri, 0.0, "test")


@pytest.fixture
def drop(bucket, tmp_path) -> Callable[..., bytes]:
    def drop(name: str, first: float = 1.0) -> bytes:
        content = tiny_csv(tmp_path / "made.csv", first).read_bytes()
        bucket.put(name, content)
        return content

    return drop


@pytest.fixture
def work(place) -> Callable[[], list[Job]]:
    """Run what waits; the jobs as they are then."""

    def work() -> list[Job]:
        while found := place.jobs.lease_next("test", 60.0, time.time()):
            run_job(place, *found)
        return list(reversed(place.history.page(100)[0]))

    return work


def names(bucket: Bucket) -> set[str]:
    return set(bucket.sizes(""))


def test_what_lands_is_stored_and_moved_with_its_description(place, zone, bucket, drop, work):
    content = drop("x ü.csv")
    bucket.put("x ü.csv.json", b'{"well": "Seven"}')
    assert zone.look() == 1
    (job,) = work()
    assert (job.state, job.settled, job.target) == ("stored", True, f"{bucket.uri}/processed/x ü.csv")
    assert place.images.get(job.image_ids[0]).well == "Seven"
    assert names(bucket) == {"processed/x ü.csv", "processed/x ü.csv.json"}
    assert bucket.get("processed/x ü.csv") == content
    assert zone.look() == 0


def test_what_cannot_be_read_fails_with_its_reason_beside_it(place, zone, bucket, work):
    bucket.put("x.csv", b"depth,a,b\n1,2,3\n")
    bucket.put("notes.doc", b"no image")
    assert zone.look() == 2
    work()
    assert names(bucket) == {
        f"failed/{name}{suffix}" for name in ("x.csv", "notes.doc") for suffix in ("", ".error.json")
    }
    report = json.loads(bucket.get("failed/x.csv.error.json"))
    assert (report["file"], report["reason"]) == ("x.csv", "wrong_width")
    with pytest.raises(NothingToRetry, match="landing zone"):
        retry_now(place, report["job"])


def test_an_object_is_claimed_once_however_many_look(place, zone, drop, work):
    drop("x.csv")
    other = LandingZone(place, place.settings.landing_uri, 0.0, "test")
    assert [zone.look(), other.look(), zone.look()] == [1, 0, 0]
    assert len(work()) == 1


def test_folders_hidden_and_temporary_names_and_descriptions_are_left_alone(zone, bucket, drop):
    for name in ("north/x.csv", ".x.csv", "x.csv.part", "processed/x.csv", "y.csv.json"):
        drop(name)
    assert zone.look() == 0


def test_the_same_file_dropped_again_is_a_duplicate_under_another_name(zone, bucket, drop, work):
    for _ in range(2):
        drop("x.csv")
        assert zone.look() == 1
        jobs = work()
    assert [job.state for job in jobs] == ["stored", "duplicate"]
    assert names(bucket) == {"processed/x.csv", "processed/x_2.csv"}


def test_an_object_replaced_while_it_was_read_is_read_as_well(place, zone, bucket, drop, work, monkeypatch):
    drop("x.csv")
    zone.look()
    move_on = settling.move_on

    def replaced_before(*arguments) -> None:
        monkeypatch.undo()
        drop("x.csv", 20.0)
        move_on(*arguments)

    monkeypatch.setattr(settling, "move_on", replaced_before)
    work()
    assert names(bucket) == {"x.csv"}
    assert zone.look() == 1
    assert [job.state for job in work()] == ["stored", "stored"]
    assert names(bucket) == {"processed/x.csv"}
    assert place.images.page(10)[1] == 2


@pytest.mark.parametrize("step", ["look_at", "has", "copy", "delete"])
@pytest.mark.parametrize("before", [True, False], ids=["not done", "done and not told"])
def test_a_move_cut_short_is_finished_by_the_next(place, zone, bucket, drop, work, monkeypatch, step, before):
    content = drop("x.csv")
    zone.look()
    real = getattr(Bucket, step)

    def cut_short(self, *arguments):
        monkeypatch.setattr(Bucket, step, real)
        if not before:
            real(self, *arguments)
        raise StorageUnavailable("gone")

    monkeypatch.setattr(Bucket, step, cut_short)
    monkeypatch.setattr(settling, "NEXT_TRY_SECONDS", -1.0)
    (job,) = work()
    assert (job.state, job.settled) == ("stored", False)
    assert zone.look() == 0, "it is not taken again"
    settle_all(place, "test", 60.0)
    assert place.jobs.get(job.id).settled
    assert names(bucket) == {"processed/x.csv"} and bucket.get("processed/x.csv") == content
    assert zone.look() == 0


def test_many_objects_are_taken_a_few_at_a_time(zone, drop, monkeypatch):
    monkeypatch.setattr(module, "MOST_AT_ONCE", 2)
    zone.every_seconds = 3600.0
    for number in range(3):
        drop(f"{number}.csv", number)
    assert [zone.look(), zone.look(), zone.look()] == [2, 1, 0]


def test_it_is_listed_now_and_then(zone):
    assert zone.is_due
    zone.look()
    assert zone.is_due
    zone.every_seconds = 3600.0
    zone.look()
    assert not zone.is_due


def test_who_no_longer_hosts_the_pipeline_makes_no_jobs(place, zone, drop):
    drop("x.csv")
    place.board.update(host="another")
    assert zone.look() == 0
    assert LandingZone(place, place.settings.landing_uri, 0.0, "another").look() == 1


@pytest.fixture
def slow_looks(monkeypatch) -> Iterator[tuple[list[None], threading.Semaphore]]:
    """Looks that have begun; each waits to be let go on."""
    begun, let_go = [], threading.Semaphore(0)
    look = LandingZone.look

    def slow(self: LandingZone) -> int:
        begun.append(None)
        assert let_go.acquire(timeout=30)
        return look(self)

    monkeypatch.setattr(LandingZone, "look", slow)
    yield begun, let_go
    let_go.release(1000)


@pytest.fixture
def hosted(place, slow_looks) -> Iterator[PipelineHost]:
    host = PipelineHost(place)
    host.start()
    yield host
    slow_looks[1].release(1000)
    host.stop()


def test_a_bucket_that_takes_its_time_holds_up_nothing_else(place, hosted, slow_looks, tmp_path):
    begun, _ = slow_looks
    eventually(lambda: begun, "it is looked at")
    tiny_csv(place.folders.data / "local.csv")
    eventually(lambda: place.history.counts()["stored"] == 1, "another file is stored meanwhile", 60)
    assert len(begun) == 1


def test_a_scan_is_done_once_a_look_that_began_after_it_has_ended(place, hosted, slow_looks):
    begun, let_go = slow_looks
    control = PipelineControl(place)
    eventually(lambda: begun, "it is looked at")
    control.scan()
    hosted.wake()
    let_go.release()
    eventually(lambda: len(begun) == 2, "it is looked at again")
    assert not control.status().caught_up
    let_go.release(1000)
    eventually(lambda: control.status().caught_up, "the scan is done")


def test_the_host_takes_what_lands_and_says_when_the_bucket_is_away(place, bucket, drop, s3_server):
    host = PipelineHost(place)
    control = PipelineControl(place)
    host.start()
    try:
        drop("x.csv")
        eventually(lambda: names(bucket) == {"processed/x.csv"}, "it is stored and moved", 60)
        s3_server.stop()
        told = eventually(lambda: control.status().board.trouble, "it is told", 60)
        assert bucket.uri.rpartition("/")[0] in told
    finally:
        s3_server.start()
        eventually(lambda: control.status().board.trouble is None, "it goes on", 60)
        host.stop()


def test_a_landing_zone_may_be_a_whole_bucket(s3_server, tmp_path):
    folder: Path = s3_server.bucket(f"whole-{abs(hash(tmp_path))}")
    place = Workplace.open(settings_in(tmp_path, landing_uri=f"s3://{folder.name}"))
    place.board.update(host="test")
    bucket = Bucket(f"s3://{folder.name}")
    bucket.put("x.csv", tiny_csv(tmp_path / "x.csv").read_bytes())
    zone = LandingZone(place, place.settings.landing_uri, 0.0, "test")
    assert zone.look() == 1
    run_job(place, *place.jobs.lease_next("test", 60.0, time.time()))
    assert names(bucket) == {"processed/x.csv"}
    place.catalog.close()
