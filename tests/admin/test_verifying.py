"""Each kind of damage is found, and named; what is well is not complained of."""

from __future__ import annotations

import json
import os
import shutil
import time
from typing import Any

import numpy as np
import pytest
from sqlalchemy import update

from app.admin import file_check, image_check, store_check
from app.admin.findings import Finding
from app.admin.verifying import verify
from app.errors import StorageUnavailable
from app.pipeline.claiming import enqueue
from app.pipeline.job import run_job
from app.pipeline.workplace import Workplace
from app.storage.arrays.writing import ImageWriter
from app.storage.catalog.picks import Picks
from app.storage.catalog.tables import Image, Job
from app.storage.recorded_picks import RecordedPicks
from tests.admin.conftest import checks, fragment, rewrite
from tests.builders import ingest, tiny_csv
from tests.pipeline.landing_zone import upload


def found(place: Any, *, quick: bool = False) -> list[tuple[str, str]]:
    return checks(verify(place, quick=quick).findings)


def change(place: Any, image_id: int, **columns: Any) -> None:
    with place.catalog.writing() as session:
        session.execute(update(Image).where(Image.id == image_id).values(**columns))


def test_a_store_that_is_well_has_no_findings(store):
    told: list[tuple[str, int, int]] = []
    done = verify(store, quick=False, progress=lambda *step: told.append(step))
    assert (done.findings, done.well) == ([], True)
    assert (done.images, done.rows) == (2, 2003)
    assert done.counts == {"error": 0, "note": 0}
    assert ("rows", 2003, 2003) in told and told[-1] == ("files", 5, 5)


def test_a_quick_look_reads_no_rows(store, monkeypatch):
    monkeypatch.setattr(image_check.Scanner, "rows", None)
    monkeypatch.setattr(file_check, "fingerprint", None)
    assert found(store, quick=True) == []


def test_images_of_many_pieces_and_levels_are_checked_to_their_end(place, monkeypatch):
    ingest(place, tiny_csv(place.folders.data / "x.csv", rows=5000))
    monkeypatch.setattr("app.storage.arrays.scanning.PIECE_ROWS", 1024)
    monkeypatch.setattr(image_check, "LEVELS_OF_A_PIECE", 1)
    assert found(place) == []
    rewrite(place, 1, 2, 300, -1.0)
    assert ("overview_differs", "image 1") in found(place)


def test_a_lost_row_group_is_noticed_by_name_already(store):
    shutil.rmtree(fragment(store, 1).parent)
    assert ("unreadable", "image 1") in found(store, quick=True)
    commit = next(store.arrays.layout.level(1, 0).glob("__commits/__1_1_*"))
    commit.unlink()
    assert {("rows_missing", "image 1"), ("size_differs", "image 1")} <= set(found(store, quick=True))
    assert ("statistics_differ", "image 1") in found(store)


def test_damage_within_a_file_is_found_by_reading_it(store):
    file = fragment(store, 1)
    content = bytearray(file.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 64] = os.urandom(64)
    file.write_bytes(content)
    assert found(store, quick=True) == []
    assert {subject for _, subject in found(store)} == {"image 1"}


def test_an_overview_of_other_rows_is_found(store):
    rewrite(store, 1, 1, 7, -1.0)
    (finding,) = [f for f in verify(store, quick=False).findings if f.check == "overview_differs"]
    assert finding == Finding("overview_differs", "image 1", "level-1 is not the mean of the rows")


def test_rows_other_than_the_statistics_say_are_found(store):
    rewrite(store, 3, 0, 0, 300.0)
    findings = [f for f in verify(store, quick=False).findings if f.check == "statistics_differ"]
    assert any("the maximum of the rows is 300.0, the catalog says" in finding.text for finding in findings)
    rewrite(store, 3, 0, 0, np.inf)
    assert ("not_finite", "image 3") in found(store)


@pytest.mark.parametrize(
    ("depths", "check"),
    [
        ([1.0, 1.0, 1.2], "depths_damaged"),
        ([1.0, np.nan, 1.2], "depths_damaged"),
        ([0.9, 1.1, 1.3], "depths_differ"),
    ],
)
def test_depths_that_do_not_go_downwards_or_end_elsewhere_are_found(store, depths, check):
    shutil.rmtree(store.arrays.layout.depth(3) / "__fragments")
    for commit in (store.arrays.layout.depth(3) / "__commits").glob("__3_*"):
        commit.unlink()
    ImageWriter(store.arrays, 3).write_depths(0, np.array(depths))
    assert (check, "image 3") in found(store)


@pytest.mark.parametrize(
    ("columns", "check"),
    [
        ({"depth_min": float("inf")}, "not_finite"),
        ({"display_low": 300.0}, "range_inverted"),
        ({"levels": 2}, "levels_differ"),
        ({"name": "other.csv"}, "description_differs"),
    ],
)
def test_figures_of_the_catalog_that_cannot_be_are_found(store, columns, check):
    change(store, 1, **columns)
    assert (check, "image 1") in found(store, quick=True)


def test_a_description_that_is_gone_or_no_json_is_found(store):
    store.arrays.layout.description(1).unlink()
    store.arrays.layout.description(3).write_text("{")
    assert found(store, quick=True) == [
        ("description_unreadable", "image 1"),
        ("description_unreadable", "image 3"),
    ]


def test_picks_that_are_not_beside_the_arrays_are_found(store):
    store.arrays.layout.picks(1).write_text("[]")
    assert found(store, quick=True) == [("picks_differ", "image 1")]
    store.arrays.layout.picks(1).write_text("[")
    assert found(store, quick=True) == [("picks_differ", "image 1")]


def test_an_image_deleted_while_it_is_read_is_no_finding(store, monkeypatch):
    def deleted(check: Any, image: Image) -> list[Finding]:
        store.images.delete(image.id, time.time())
        return [Finding("unreadable", f"image {image.id}", "gone")]

    monkeypatch.setattr(image_check.ImageCheck, "whole", deleted)
    assert verify(store, quick=False).images == 0


def test_what_the_catalog_has_never_heard_of_is_told_and_left_alone(store):
    ImageWriter(store.arrays, 77).write_depths(0, np.array([1.0]))
    assert found(store) == [("orphan", "image 77")]
    assert list((store.arrays.layout.depth(77) / "__fragments").glob("__77_*"))


def test_what_a_running_server_will_clear_away_is_a_note(store, monkeypatch):
    monkeypatch.setattr(store_check, "SWEPT_SOON_SECONDS", -1.0)
    job = store.jobs.add_leased("x.csv", 1, 0.0, claim=None, path=None, owner="me", seconds=60.0)[1]
    image_id = store.images.begin(job, time.time())
    ImageWriter(store.arrays, image_id).write_depths(0, np.array([1.0]))
    done = verify(store, quick=True)
    assert checks(done.findings) == [("unerased", "image 2"), ("unswept", f"image {image_id}")]
    assert done.well and done.counts == {"error": 0, "note": 2}


def test_files_that_were_said_to_be_erased_are_a_finding(store):
    store.images.mark_erased(2)
    done = verify(store, quick=True)
    assert checks(done.findings) == [("unerased", "image 2")] and not done.well


def test_a_source_that_is_no_longer_the_one_stored_is_found(store):
    (store.folders.processed / "tiny.csv").write_text("depth,a,b\n")
    assert found(store) == [("source_changed", "processed/tiny.csv")]
    assert found(store, quick=True) == []


def test_files_taken_away_and_put_there_by_hand_are_notes(store):
    (store.folders.processed / "tiny.csv").rename(store.folders.processed / "renamed.csv")
    done = verify(store, quick=False)
    assert checks(done.findings) == [
        ("file_without_job", "processed/renamed.csv"),
        ("file_gone", "processed/tiny.csv"),
    ]
    assert done.well


def test_a_processed_file_that_no_image_holds_is_found(store):
    tiny_csv(store.folders.processed / "lost.csv", 9.0)
    assert found(store) == [("not_stored", "processed/lost.csv")]
    assert found(store, quick=True) == [("file_without_job", "processed/lost.csv")]


def test_a_job_without_its_file_and_a_file_without_its_job_are_found(store, monkeypatch):
    monkeypatch.setattr(file_check, "ORPHAN_SECONDS", 0.0)
    tiny_csv(store.folders.data / "queued.csv", 7.0)
    job_id = enqueue(store, "queued.csv")
    assert found(store) == []
    claimed = store.folders.claimed(store.jobs.get(job_id).claim)
    orphan = store.folders.processing / "0123"
    orphan.mkdir()
    claimed.rename(orphan / "queued.csv")
    assert found(store) == [("file_without_job", ".processing/0123"), ("job_without_file", f"job {job_id}")]


def test_a_job_that_moved_on_meanwhile_is_no_finding(store, monkeypatch):
    tiny_csv(store.folders.data / "queued.csv", 7.0)
    job_id = enqueue(store, "queued.csv")
    claim = store.jobs.get(job_id).claim

    def moved_on(_: Any, job: Job) -> bool:
        with store.catalog.writing() as session:
            session.get_one(Job, job.id).claim = None
        return False

    with monkeypatch.context() as patched:
        patched.setattr(file_check.FileCheck, "_has_file", moved_on)
        assert found(store, quick=True) == []
    assert (store.folders.processing / claim).exists()


def test_files_that_cannot_be_read_are_told(store, monkeypatch):
    def refuse(_: Any) -> None:
        raise PermissionError("no")

    tiny_csv(store.folders.processed / "put.csv", 9.0)
    monkeypatch.setattr(file_check, "fingerprint", refuse)
    assert {check for check, _ in found(store)} == {"unreadable"}


def test_picks_are_written_down_until_they_are_those_of_the_catalog(store, monkeypatch):
    """Another process changes one between our reading and our writing."""
    picks = RecordedPicks(store_picks(store), store.arrays)
    once = [lambda: store_picks(store).change(1, 1, 2000.0, {"name": "Base"})]
    keep = store.arrays.keep_picks

    def keep_and_be_overtaken(image_id: int, said: Any) -> None:
        if once:
            once.pop()()
        keep(image_id, said)

    monkeypatch.setattr(store.arrays, "keep_picks", keep_and_be_overtaken)
    picks.change(1, 2, 2000.0, {"azimuth": 10.0})
    written = {pick["id"]: pick for pick in json.loads(store.arrays.layout.picks(1).read_text())}
    assert (written[1]["name"], written[2]["azimuth"]) == ("Base", 10.0)


def store_picks(store: Any) -> Picks:
    return Picks(store.catalog)


def test_files_in_a_bucket_are_looked_for_there_while_their_jobs_are_under_way(store, s3_server, tmp_path):
    folder = s3_server.bucket(f"verified-{abs(hash(tmp_path))}")
    settings = store.settings.model_copy(update={"landing_uri": f"s3://{folder.name}/incoming"})
    place = Workplace.open(settings)
    moved, kept, lost = (upload(place, f"{name}.csv", b"nothing") for name in ("moved", "kept", "lost"))
    run_job(place, *place.jobs.lease_next("test", 60.0, time.time()))
    assert place.jobs.get(moved).target == f"{settings.landing_uri}/failed/moved.csv"
    assert found(place) == []
    path = place.jobs.get(lost).path
    (s3_server.folder / path.removeprefix("s3://")).unlink()
    (finding,) = verify(place, quick=True).findings
    assert (finding.check, finding.subject) == ("job_without_file", f"job {lost}") and path in finding.text
    assert place.jobs.get(kept).state == "queued"
    place.catalog.close()


def test_a_job_that_is_forgotten_meanwhile_is_no_finding(store, monkeypatch):
    tiny_csv(store.folders.data / "queued.csv", 7.0)
    enqueue(store, "queued.csv")

    def forgotten(_: Any, job: Job) -> bool:
        with store.catalog.writing() as session:
            session.delete(session.get_one(Job, job.id))
        return False

    monkeypatch.setattr(file_check.FileCheck, "_has_file", forgotten)
    assert found(store, quick=True) == []


def test_a_data_folder_that_is_gone_is_no_hindrance(store):
    shutil.rmtree(store.settings.data_dir)
    done = verify(store, quick=False)
    assert {check for check, _ in checks(done.findings)} == {"file_gone"} and done.well


def test_an_image_deleted_before_its_picks_are_compared_is_no_finding(store, monkeypatch):
    quick = image_check.ImageCheck.quick

    def delete_then(check: Any, image: Image) -> Any:
        store.images.delete(image.id, time.time())
        return quick(check, image)

    monkeypatch.setattr(image_check.ImageCheck, "quick", delete_then)
    assert found(store, quick=True) == []


def test_picks_that_cannot_be_written_down_are_no_failure(store, monkeypatch, caplog):
    picks = RecordedPicks(store_picks(store), store.arrays)

    def full(*_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(store.arrays, "keep_picks", full)
    assert picks.change(1, 1, 2000.0, {"name": "Base"}).name == "Base"
    assert "the picks of image 1 lie in the catalog alone: No space left" in caplog.text


def test_picks_of_an_image_deleted_meanwhile_are_not_left_behind(store):
    picks = RecordedPicks(store_picks(store), store.arrays)
    picks.remove(1, 2)
    assert len(json.loads(store.arrays.layout.picks(1).read_text())) == 1
    store.images.delete(1, time.time())
    picks.record(1)
    assert not store.arrays.layout.picks(1).exists()


def test_picks_that_cannot_be_removed_from_beside_a_deleted_image_are_told(store, monkeypatch, caplog):
    def away(image_id):
        raise StorageUnavailable("gone")

    picks = RecordedPicks(store_picks(store), store.arrays)
    monkeypatch.setattr(store.arrays, "drop_picks", away)
    picks.record(2)
    assert "the picks of deleted image 2 still lie beside it: gone" in caplog.text
