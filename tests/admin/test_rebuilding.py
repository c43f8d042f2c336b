"""A catalog from the arrays and the files alone."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.admin import embedded, remains
from app.admin.findings import NOT_STORED
from app.admin.rebuilding import rebuild
from app.admin.verifying import verify
from app.errors import CommandRefused, StorageUnavailable
from app.pipeline.lock import HostLock
from app.pipeline.workplace import Workplace
from app.storage.arrays.erasing import erase
from app.storage.arrays.scanning import Scanner
from app.storage.arrays.writing import ImageWriter
from app.storage.catalog.tables import JobState
from tests.admin.conftest import checks
from tests.builders import ingest, tiny_csv


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "LOCK_SECONDS", 0.1)


@pytest.fixture
def swept(store: Workplace) -> Workplace:
    """The store once its deleted image is erased."""
    erase(store.layout, 2)
    store.images.mark_erased(2)
    return store


def lose_catalog(place: Workplace) -> None:
    place.catalog.close()
    for file in place.settings.db_dir.glob("catalog.sqlite*"):
        file.unlink()


def reopened(place: Workplace) -> Workplace:
    return Workplace.open(place.settings)


def left_out(place: Workplace, **options: Any) -> list[str]:
    return [f"{finding.subject}: {finding.text}" for finding in rebuild(place.settings, **options).findings]


def test_every_frame_and_pick_is_there_again(swept, contents):
    before = contents(swept.settings)
    lose_catalog(swept)
    done = rebuild(swept.settings)
    assert (done.images, done.picks, done.jobs, done.aside) == (2, 2, 4, None)
    assert contents(swept.settings) == before
    place = reopened(swept)
    assert checks(verify(place, quick=False).findings) == [("not_stored", "processed/gone.csv")]
    place.catalog.close()


def test_history_is_made_of_the_files(swept):
    lose_catalog(swept)
    rebuild(swept.settings)
    place = reopened(swept)
    told = {job.name: job for job in place.history.page(10)[0]}
    assert {name: job.state for name, job in told.items()} == {
        "long.csv": JobState.STORED,
        "tiny.csv": JobState.STORED,
        "again.csv": JobState.DUPLICATE,
        "bad.csv": JobState.FAILED,
    }
    assert (told["tiny.csv"].image_ids, told["tiny.csv"].target) == ([3], "processed/tiny.csv")
    assert told["again.csv"].message == "the same content is already stored as image 3"
    assert (told["bad.csv"].reason, told["bad.csv"].target) == ("wrong_width", "failed/bad.csv")
    place.catalog.close()


def test_no_image_id_is_given_out_again(swept):
    """Ids go on in the next shard: whatever was in this one, and is gone, is not known any more."""
    lose_catalog(swept)
    assert rebuild(swept.settings).next_image_id == 100
    place = reopened(swept)
    assert ingest(place, tiny_csv(place.folders.data / "new.csv", 8.0)).image_ids == [100]
    assert ingest(place, tiny_csv(place.folders.data / "again.csv", 1.0)).state == JobState.DUPLICATE
    place.catalog.close()


def test_a_processed_file_that_no_image_holds_is_told(swept):
    lose_catalog(swept)
    assert left_out(swept) == [f"processed/gone.csv: {NOT_STORED}"]


def test_a_catalog_that_can_be_read_is_put_aside_only_if_told(swept, contents):
    before = contents(swept.settings)
    with pytest.raises(CommandRefused, match="holds 2 images"):
        rebuild(swept.settings)
    swept.catalog.close()
    done = rebuild(swept.settings, replace=True)
    assert done.aside is not None and (done.aside / "catalog.sqlite").is_file()
    assert contents(swept.settings) == before


@pytest.mark.parametrize("damage", ["noise", "schema", "empty"])
def test_a_damaged_or_empty_catalog_is_put_aside(swept, damage):
    swept.catalog.close()
    file = swept.settings.db_dir / "catalog.sqlite"
    if damage == "noise":
        file.write_bytes(os.urandom(10_000))
    elif damage == "schema":
        with closing(sqlite3.connect(file)) as connection, connection:
            connection.execute("CREATE TABLE damaged (x)")
            connection.execute("INSERT INTO damaged VALUES (NULL)")
            connection.execute("PRAGMA writable_schema=ON")
            connection.execute("UPDATE sqlite_master SET sql = replace(sql, '(x)', '(x NOT NULL)')")
    else:
        lose_catalog(swept)
        Workplace.open(swept.settings).catalog.close()
    done = rebuild(swept.settings)
    assert done.images == 2
    assert done.aside is not None and (done.aside / "catalog.sqlite").is_file()


def test_of_two_images_with_one_content_the_later_counts(swept):
    """An attempt that was cut off between its description and its commit, and the one that came through."""
    layout = swept.layout
    said = json.loads(layout.description(3).read_text())
    ImageWriter(layout, 4).write_rows(0, 0, np.zeros((3, 150), np.float32))
    layout.describe(4, said | {"id": 4})
    lose_catalog(swept)
    assert "image 3: holds the same as image 4, which is later" in left_out(swept)
    place = reopened(swept)
    assert [image.id for image in place.images.every()] == [1, 4]
    place.catalog.close()


def test_what_cannot_be_read_is_left_out_and_told(swept, monkeypatch):
    layout = swept.layout
    ImageWriter(layout, 5).write_depths(0, np.array([1.0]))
    layout.picks(1).write_text("[{}]")
    layout.description(3).write_text("{")
    layout.describe(6, {"id": 6})
    layout.describe(7, json.loads(layout.description(1).read_text()) | {"id": 7, "sha256": "x"})
    layout.describe(8, json.loads(layout.description(1).read_text()) | {"id": 8, "sha256": "y"})
    (swept.folders.failed / "bad.csv.error.json").write_text("{}")
    extent = Scanner.extent

    def unreadable(scanner: Scanner, image_id: int, level: int | None) -> int:
        if image_id == 8:
            raise StorageUnavailable("the disk is gone")
        return extent(scanner, image_id, level)

    monkeypatch.setattr(Scanner, "extent", unreadable)
    lose_catalog(swept)
    told = left_out(swept)
    for part in (
        "image 5: has no description",
        "image 3: its description cannot be read",
        "image 6: its description cannot be read: 'name is missing'",
        "image 7: describes image 7 with 2000 rows; 0 lie in the arrays",
        "image 8: the disk is gone",
        "image 1: its picks cannot be read: 'id is missing'",
        "failed/bad.csv: its report cannot be read ('when')",
    ):
        assert any(line.startswith(part) for line in told), part


def test_files_that_cannot_be_read_are_told(swept, monkeypatch):
    def refuse(_: Path) -> None:
        raise PermissionError("no")

    lose_catalog(swept)
    monkeypatch.setattr(remains, "fingerprint", refuse)
    assert left_out(swept) == [f"processed/{name}.csv: no" for name in ("again", "gone", "long", "tiny")]


def test_a_data_folder_that_is_gone_costs_the_history_only(swept, contents, tmp_path):
    before = contents(swept.settings)
    lose_catalog(swept)
    elsewhere = swept.settings.model_copy(update={"data_dir": tmp_path / "elsewhere"})
    assert rebuild(elsewhere).jobs == 0
    assert contents(swept.settings) == before


def test_nothing_is_rebuilt_under_a_running_server_or_without_arrays(swept, settings, tmp_path):
    lock = HostLock.of(swept.settings)
    assert lock.acquire()
    with pytest.raises(CommandRefused, match="a server is running"):
        rebuild(swept.settings, replace=True)
    lock.release()
    with pytest.raises(CommandRefused, match="is not there"):
        rebuild(settings.model_copy(update={"db_dir": tmp_path / "elsewhere"}))
    with pytest.raises(CommandRefused, match="pg_dump"):
        rebuild(settings.model_copy(update={"database_url": "postgresql://x/y"}))
