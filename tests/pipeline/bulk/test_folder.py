from __future__ import annotations

import os
import time

import pytest

from app.pipeline.bulk.folder import Folder
from app.pipeline.bulk.listing import LeftOut
from app.storage.catalog.jobs_in_place import FileInPlace
from tests.builders import tiny_csv


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "wells"
    folder.mkdir()
    return folder


def listed(folder, **options):
    """Names of files, and by path why others were left out."""
    entries = list(Folder(folder, 0.0, **options).entries())
    names = [entry.name for entry in entries if isinstance(entry, FileInPlace)]
    return names, {entry.path: entry.why for entry in entries if isinstance(entry, LeftOut)}


def touch(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("depth,a\n1,2\n")
    return path


def test_files_are_found_below_the_folder_in_order_and_named_by_their_way_to_it(root):
    for name in ("b/2.csv", "b/1.las", "a/x/1.parquet", "c.csv.gz"):
        touch(root / name)
    names, left_out = listed(root)
    assert names == ["c.csv.gz", "a/x/1.parquet", "b/1.las", "b/2.csv"]
    assert left_out == {}


def test_an_entry_says_all_that_a_job_needs(root):
    file = touch(root / "a.csv")
    (entry,) = Folder(root, 0.0).entries()
    modified = file.stat().st_mtime_ns
    assert entry == FileInPlace(str(file), "a.csv", 12, f"12-{modified}")


def test_the_path_is_absolute_however_the_folder_is_named(root, monkeypatch):
    touch(root / "a.csv")
    (root / "sub").mkdir()
    monkeypatch.chdir(root / "sub")
    (entry,) = Folder((root / "sub").relative_to(root / "sub") / "..", 0.0).entries()
    assert entry.path == str(root / "a.csv")


def test_hidden_and_temporary_files_and_descriptions_are_passed_over(root):
    for name in (".a.csv", "a.csv.part", "a.csv.json", ".git/a.csv", "@eaDir/a.csv", "lost+found/a.csv"):
        touch(root / name)
    touch(root / "processed" / "a.csv")  # means nothing here
    assert listed(root) == (["processed/a.csv"], {})


def test_what_cannot_be_read_is_named_with_the_reason(root):
    touch(root / "notes.pdf")
    (root / "link.csv").symlink_to(touch(root / "a.csv"))
    (root / "folder").symlink_to(root)
    os.mkfifo(root / "pipe.csv")
    touch(root / os.fsdecode(b"b\xff.csv"))
    names, left_out = listed(root)
    assert names == ["a.csv"]
    assert left_out == {
        str(root / "notes.pdf"): "unsupported_format",
        str(root / "link.csv"): "not_a_regular_file",
        str(root / "folder"): "not_a_regular_file",
        str(root / "pipe.csv"): "not_a_regular_file",
        str(root / "b\\udcff.csv"): "name_is_no_text",
    }


def test_a_folder_that_cannot_be_read_is_a_failure_and_the_others_are_read(root, monkeypatch):
    touch(root / "a" / "1.csv"), touch(root / "b" / "1.csv")
    scandir = os.scandir

    def refused(folder):
        if folder == root / "a":
            raise PermissionError(13, "Permission denied")
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", refused)
    failure, file = Folder(root, 0.0).entries()
    assert file.name == "b/1.csv"
    assert (failure.path, failure.why, failure.failed) == (str(root / "a"), "not_readable", True)
    assert failure.message == "the folder cannot be read: Permission denied"


def test_a_file_that_vanishes_meanwhile_is_told(root):
    touch(root / "a.csv"), touch(root / "b.csv")
    entries = Folder(root, 0.0).entries()
    assert next(entries).name == "a.csv"
    (root / "b.csv").unlink()
    (gone,) = entries
    assert (gone.why, gone.failed) == ("file_gone", False)


def test_a_file_that_cannot_be_looked_at_is_a_failure(root, monkeypatch):
    file = touch(root / "a.csv")

    def stale(path):
        raise OSError(116, "Stale file handle")

    monkeypatch.setattr(type(file), "lstat", stale)
    (failure,) = Folder(root, 0.0).entries()
    assert (failure.failed, failure.message) == (True, "the file cannot be looked at: Stale file handle")


def test_the_servers_own_folders_are_left_out(root):
    for name in ("data", "db"):
        touch(root / name / "a.csv")
    assert listed(root, own=(root / "data", root / "db")) == (
        [],
        {str(root / "data"): "own_folder", str(root / "db"): "own_folder"},
    )


def test_a_file_is_complete_once_nobody_has_written_to_it_for_the_stable_window(root):
    file = touch(root / "a.csv")
    folder = Folder(root, 30.0)
    (entry,) = folder.entries()
    assert folder.complete(entry) is None
    os.utime(file, (time.time() - 60, time.time() - 60))
    (entry,) = folder.entries()
    assert folder.complete(entry) == entry
    with file.open("a"):
        assert folder.complete(entry) is None


def test_a_complete_file_is_told_as_it_is_by_now(root):
    folder = Folder(root, 0.0)
    touch(root / "a.csv")
    (entry,) = folder.entries()
    tiny_csv(root / "a.csv")
    assert folder.complete(entry).size_bytes == (root / "a.csv").stat().st_size != entry.size_bytes
    assert folder.exists(entry.path)
    (root / "a.csv").unlink()
    assert folder.complete(entry).why == "file_gone"
    assert not folder.exists(entry.path)


def test_a_file_that_may_not_be_read_is_a_failure(root, monkeypatch):
    touch(root / "a.csv")
    (entry,) = Folder(root, 0.0).entries()
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may read everything
    failure = Folder(root, 0.0).complete(entry)
    assert (failure.path, failure.why, failure.failed) == (entry.path, "not_readable", True)
