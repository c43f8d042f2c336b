"""What becomes of files in the landing zone once their jobs have ended, on a real S3 server."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import count

import pytest

from app.errors import StorageUnavailable
from app.pipeline import settling
from app.pipeline.landed import has_landed
from app.pipeline.retrying import retry_now
from app.pipeline.settling import settle_all
from app.pipeline.workplace import Workplace
from app.storage.arrays.bucket import Bucket
from app.storage.catalog.tables import Job
from tests.pipeline.landing_zone import names, upload

WRONG = b"depth,a,b\n1,2,3\n"


@pytest.fixture
def place(in_landing_zone) -> Workplace:
    return in_landing_zone


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


@pytest.fixture(params=["landed", "uploaded", "tried again"])
def come(request, place, zone, bucket, work) -> Callable[[bytes], None]:
    """Makes x.csv wait, with a description, by one of the ways there are."""

    def landed(content: bytes) -> None:
        bucket.put("x.csv", content)
        bucket.put("x.csv.json", b'{"well": "Seven"}')
        zone.look()

    def uploaded(content: bytes) -> None:
        job = place.jobs.get(upload(place, "x.csv", content))
        bucket.put(f"{job.path.removeprefix(bucket.uri + '/')}.json", b'{"well": "Seven"}')

    def tried_again(content: bytes) -> None:
        landed(WRONG)
        (job,) = work()
        bucket.put("failed/x.csv", content)
        retry_now(place, job.id)

    return {"landed": landed, "uploaded": uploaded, "tried again": tried_again}[request.param]


@pytest.fixture
def cut_short(monkeypatch) -> Callable[..., None]:
    """Makes a move break off at the n-th call of a step, before or after it was done."""

    def cut_short(step: str, nth: int, done: bool) -> None:
        real, move_on = getattr(Bucket, step), settling.move_on
        calls = count(1)

        def breaking(self, *arguments):
            if next(calls) != nth:
                return real(self, *arguments)
            monkeypatch.setattr(Bucket, step, real)
            if done:
                real(self, *arguments)
            raise StorageUnavailable("gone")

        def moving_on(*arguments) -> None:
            monkeypatch.setattr(settling, "move_on", move_on)
            monkeypatch.setattr(Bucket, step, breaking)
            move_on(*arguments)

        monkeypatch.setattr(settling, "move_on", moving_on)
        monkeypatch.setattr(settling, "NEXT_TRY_SECONDS", -1.0)

    return cut_short


DONE_OR_NOT = pytest.mark.parametrize("done", [False, True], ids=["not done", "done and not told"])


@DONE_OR_NOT
@pytest.mark.parametrize(
    "step",
    [("look_at", 1), ("has", 1), ("copy", 1), ("copy", 2), ("look_at", 2), ("delete", 1), ("delete", 2)],
    ids=lambda step: f"{step[0]} {step[1]}",
)
def test_a_move_cut_short_is_finished_by_the_next(
    place, zone, bucket, come, work, cut_short, csv, step, done
):
    come(csv)
    cut_short(*step, done)
    (job,) = work()
    assert (job.state, job.settled) == ("stored", False)
    assert zone.look() == 0, "it is not taken again"
    settle_all(place, "test", 60.0)
    assert place.jobs.get(job.id).settled
    assert names(bucket) == {"processed/x.csv", "processed/x.csv.json"}
    assert bucket.get("processed/x.csv") == csv
    assert zone.look() == 0


@DONE_OR_NOT
def test_a_report_cut_short_is_written_by_the_next(place, bucket, come, work, cut_short, done):
    come(b"nothing")
    cut_short("put", 1, done)
    (job,) = work()
    assert (job.state, job.settled) == ("failed", False)
    settle_all(place, "test", 60.0)
    assert place.jobs.get(job.id).target == f"{bucket.uri}/failed/x.csv"
    assert names(bucket) == {"failed/x.csv", "failed/x.csv.json", "failed/x.csv.error.json"}
    assert json.loads(bucket.get("failed/x.csv.error.json"))["reason"] == job.reason != "wrong_width"


@pytest.mark.parametrize(
    ("key", "is_ours"),
    [
        ("x.csv", True),
        (".uploads/0123456789abcdef/x.csv", True),
        ("failed/x.csv", True),
        ("", False),
        ("failed/", False),
        ("processed/x.csv", False),
        ("north/x.csv", False),
        ("north/failed/x.csv", False),
        (".uploads/x.csv", False),
    ],
)
def test_what_lies_in_other_folders_stays_where_it_is(place, bucket, key, is_ours):
    assert has_landed(place.settings, Job(path=f"{bucket.uri}/{key}")) == is_ours
    assert not has_landed(place.settings, Job(path=f"{bucket.uri}-north/{key}"))
    assert not has_landed(place.settings, Job(path=f"/data/{key}"))
