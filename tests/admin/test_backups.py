"""Backups and what is made of them: everything back, or a clear refusal."""

from __future__ import annotations

import errno
import json
import os
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from alembic import command
from alembic.config import Config

from app.admin import backing_up, embedded
from app.admin.backing_up import back_up
from app.admin.manifest import MANIFEST, Manifest
from app.admin.restoring import check_backup, restore
from app.admin.snapshots import snapshots
from app.admin.verifying import verify
from app.errors import CommandRefused
from app.ingestion.fingerprint import fingerprint
from app.pipeline.lock import ErasingLock, HostLock
from app.pipeline.sweeping import sweep
from app.pipeline.workplace import Workplace
from app.storage.arrays.writing import ImageWriter
from tests.admin.conftest import checks, fragment
from tests.builders import ingest, tiny_csv


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "LOCK_SECONDS", 0.1)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / "backups"


def destroy(place: Workplace) -> None:
    place.catalog.close()
    shutil.rmtree(place.settings.db_dir)


def test_every_frame_and_pick_comes_back_after_the_store_was_destroyed(store, kept, contents):
    before = contents(store.settings)
    made = back_up(store.settings, kept)
    destroy(store)
    restored = restore(store.settings, kept)
    assert (restored.backup, restored.manifest.images, restored.aside) == (made.folder, 2, None)
    assert contents(store.settings) == before
    again = Workplace.open(store.settings)
    assert verify(again, quick=False).findings == []
    assert again.history.page(10)[1] == 5
    again.catalog.close()


def test_a_restored_store_goes_on_taking_files(store, kept):
    back_up(store.settings, kept)
    destroy(store)
    restore(store.settings, kept)
    place = Workplace.open(store.settings)
    assert ingest(place, tiny_csv(place.folders.data / "new.csv", 8.0)).image_ids == [4]
    assert ingest(place, tiny_csv(place.folders.data / "more.csv", 1.0)).state == "duplicate"
    assert verify(place, quick=False).findings == []
    place.catalog.close()


def test_images_stored_and_deleted_during_a_backup_leave_it_whole(store, kept, contents, monkeypatch):
    """The catalog is copied, then an image comes and another goes, then the arrays are copied."""
    before = contents(store.settings)
    copy_catalog = backing_up._copy_catalog

    def copy_and_go_on(*paths: Path) -> Any:
        copied = copy_catalog(*paths)
        ingest(store, tiny_csv(store.folders.data / "new.csv", 8.0))
        store.images.delete(1, time.time())
        sweep(store, grace_seconds=-60.0)
        return copied

    monkeypatch.setattr(backing_up, "_copy_catalog", copy_and_go_on)
    assert back_up(store.settings, kept).findings == []
    assert fragment(store, 1).exists()
    sweep(store, grace_seconds=-60.0)
    assert not list(store.layout.level(1, 0).glob("__fragments/__1_*"))
    destroy(store)
    restore(store.settings, kept)
    assert contents(store.settings) == before


def test_attempts_and_orphans_are_not_backed_up(store, kept):
    ImageWriter(store.layout, 77).write_depths(0, np.array([1.0]))
    made = back_up(store.settings, kept)
    assert not list(made.folder.rglob("__77_*")) and not list(made.folder.rglob("__2_*"))


def test_a_later_backup_copies_what_is_new_only_and_outlives_the_earlier(store, kept, contents):
    first = back_up(store.settings, kept)
    ingest(store, tiny_csv(store.folders.data / "new.csv", 8.0))
    second = back_up(store.settings, kept)
    assert second.shared > 0 and second.copied < first.copied
    shared = next(second.folder.rglob("__3_3_*/a0.tdb"))
    assert shared.stat().st_nlink == 2
    shutil.rmtree(first.folder)
    assert list(check_backup(kept)) == []
    before = contents(store.settings)
    destroy(store)
    restore(store.settings, kept)
    assert contents(store.settings) == before


def test_files_are_copied_where_they_cannot_be_linked(store, kept, monkeypatch):
    back_up(store.settings, kept)

    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    second = back_up(store.settings, kept)
    assert second.shared == 0
    assert list(check_backup(second.folder)) == []


def test_an_earlier_backup_can_be_chosen(store, kept, contents):
    before = contents(store.settings)
    first = back_up(store.settings, kept)
    ingest(store, tiny_csv(store.folders.data / "new.csv", 8.0))
    back_up(store.settings, kept)
    destroy(store)
    restore(store.settings, first.folder)
    assert contents(store.settings) == before
    place = Workplace.open(store.settings)
    assert checks(verify(place, quick=False).findings) == [("not_stored", "processed/new.csv")]
    place.catalog.close()


def test_a_backup_that_was_cut_off_is_none(store, kept, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(Manifest, "write", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOSPC, "full")))
        with pytest.raises(OSError, match="full"):
            back_up(store.settings, kept)
    assert list(kept.iterdir()) == []
    left_by_a_death = kept / ".incomplete-0123"
    left_by_a_death.mkdir()
    with pytest.raises(CommandRefused, match="holds no complete backup"):
        restore(store.settings, kept, replace=True)
    made = back_up(store.settings, kept)
    assert list(kept.iterdir()) == [made.folder]


def test_the_newest_is_the_newest_whatever_the_clock_says(store, kept):
    first = back_up(store.settings, kept)
    first.folder.rename(kept / "000009_2099-01-01T00-00-00Z")
    second = back_up(store.settings, kept)
    assert second.folder.name.startswith("000010_2")
    assert snapshots(kept)[-1] == second.folder


def test_an_image_without_arrays_is_told_and_the_rest_is_kept(store, kept):
    for array in store.layout.arrays(3):
        for trace in (*array.glob("__commits/__3_*"), *array.glob("__fragments/__3_*")):
            shutil.rmtree(trace) if trace.is_dir() else trace.unlink()
    store.layout.description(3).unlink()
    made = back_up(store.settings, kept)
    assert checks(made.findings) == [("arrays_missing", "image 3")]
    assert made.images == 1 and made.folder.is_dir()


def test_there_is_one_backup_at_a_time(store, kept):
    lock = ErasingLock.of(store.settings)
    assert lock.acquire()
    with pytest.raises(CommandRefused, match="another backup"):
        back_up(store.settings, kept)
    lock.release()
    back_up(store.settings, kept)


def test_what_cannot_be_backed_up_is_refused(store, kept, settings, tmp_path):
    with pytest.raises(CommandRefused, match="would be lost with it"):
        back_up(settings, settings.db_dir / "backups")
    with pytest.raises(CommandRefused, match="holds no catalog"):
        back_up(settings.model_copy(update={"db_dir": tmp_path / "elsewhere"}), kept)
    with pytest.raises(CommandRefused, match="pg_dump"):
        back_up(settings.model_copy(update={"database_url": "postgresql://x/y"}), kept)


def test_a_damaged_catalog_is_not_taken_for_a_backup(store, kept):
    store.catalog.close()
    file = store.settings.db_dir / "catalog.sqlite"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE damaged (x)")
        connection.execute("INSERT INTO damaged VALUES (NULL)")
        connection.execute("PRAGMA writable_schema=ON")
        connection.execute("UPDATE sqlite_master SET sql = replace(sql, '(x)', '(x NOT NULL)')")
    with pytest.raises(CommandRefused, match=r"damaged \(NULL value in damaged\.x\)"):
        back_up(store.settings, kept)
    file.write_bytes(os.urandom(5000))
    with pytest.raises(CommandRefused, match="cannot be copied"):
        back_up(store.settings, kept)
    assert list(kept.iterdir()) == []


def test_a_damaged_backup_is_refused_before_anything_changes(store, kept):
    made = back_up(store.settings, kept)
    victim = next(made.folder.rglob("__1_1_*/a0.tdb"))
    content = victim.read_bytes()
    victim.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert checks(list(check_backup(kept))) == [("backup_damaged", str(victim.relative_to(made.folder)))]
    destroy(store)
    with pytest.raises(CommandRefused, match=r"damaged: .*a0\.tdb is not what was backed up"):
        restore(store.settings, kept)
    victim.unlink()
    assert checks(list(check_backup(kept))) == [("backup_damaged", str(victim.relative_to(made.folder)))]
    with pytest.raises(CommandRefused, match="is not there"):
        restore(store.settings, kept)
    assert embedded.occupants(store.settings) == []


@pytest.mark.parametrize("manifest", ["{", "[]", '{"format": 1}', '{"format": 2}'])
def test_a_manifest_that_is_none_is_refused(store, kept, manifest):
    made = back_up(store.settings, kept)
    (made.folder / MANIFEST).write_text(manifest)
    with pytest.raises(CommandRefused, match=r"manifest\.json"):
        restore(store.settings, kept, replace=True)


def test_a_store_with_something_in_it_is_not_written_over(store, kept, contents):
    before = contents(store.settings)
    back_up(store.settings, kept)
    store.images.delete(1, time.time())
    with pytest.raises(CommandRefused, match="not empty"):
        restore(store.settings, kept)
    restored = restore(store.settings, kept, replace=True)
    assert contents(store.settings) == before
    assert restored.aside is not None and (restored.aside / "catalog.sqlite").is_file()
    assert embedded.occupants(store.settings) == [
        store.settings.db_dir / name for name in ("arrays", "catalog.sqlite")
    ]


def test_nothing_is_restored_under_a_running_server(store, kept):
    back_up(store.settings, kept)
    lock = HostLock.of(store.settings)
    assert lock.acquire()
    with pytest.raises(CommandRefused, match="a server is running"):
        restore(store.settings, kept, replace=True)
    lock.release()
    restore(store.settings, kept, replace=True)


def test_a_backup_of_an_older_schema_is_brought_up_to_date(store, kept, contents):
    before = contents(store.settings)
    config = Config()
    config.set_main_option("script_location", "app.storage:migrations")
    config.attributes["engine"] = store.catalog.engine
    command.downgrade(config, "0001")
    made = back_up(store.settings, kept)
    assert Manifest.read(made.folder).revision == "0001"
    destroy(store)
    restore(store.settings, kept)
    after = contents(store.settings)
    assert (after.images, after.picks) == (before.images, [])


def test_a_backup_of_a_newer_schema_is_refused(store, kept):
    made = back_up(store.settings, kept)
    said = json.loads((made.folder / MANIFEST).read_text())
    (made.folder / MANIFEST).write_text(json.dumps(said | {"revision": "9999", "product": "9.9"}))
    with pytest.raises(CommandRefused, match="install that version"):
        restore(store.settings, kept, replace=True)


def test_a_catalog_that_cannot_be_migrated_changes_nothing(store, kept):
    made = back_up(store.settings, kept)
    with closing(sqlite3.connect(made.folder / "catalog.sqlite")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    said = json.loads((made.folder / MANIFEST).read_text())
    found = fingerprint(made.folder / "catalog.sqlite")
    said["files"]["catalog.sqlite"] = {"sha256": found.sha256, "size_bytes": found.size_bytes}
    (made.folder / MANIFEST).write_text(json.dumps(said))
    destroy(store)
    with pytest.raises(CommandRefused, match="cannot be brought up to date"):
        restore(store.settings, kept)
    assert embedded.occupants(store.settings) == []
