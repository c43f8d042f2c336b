"""A landing zone on a real S3 server."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.pipeline import landing as module
from app.pipeline.control import PipelineControl
from app.pipeline.host import PipelineHost
from app.pipeline.job import run_job
from app.pipeline.landing import LandingZone
from app.pipeline.workplace import Workplace
from app.storage.arrays.bucket import Bucket
from tests.builders import eventually, settings_in, tiny_csv
from tests.pipeline.landing_zone import names


@pytest.fixture
def place(in_landing_zone) -> Workplace:
    return in_landing_zone


def test_an_object_is_claimed_once_however_many_look(place, zone, drop, work):
    drop("x.csv")
    other = LandingZone(place, place.settings.landing_uri, 0.0, "test")
    assert [zone.look(), other.look(), zone.look()] == [1, 0, 0]
    assert len(work()) == 1


def test_folders_hidden_and_temporary_names_and_descriptions_are_left_alone(zone, bucket, drop):
    for name in ("north/x.csv", ".x.csv", "x.csv.part", "processed/x.csv", "y.csv.json"):
        drop(name)
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
