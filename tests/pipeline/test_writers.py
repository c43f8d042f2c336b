from __future__ import annotations

import fcntl
import mmap
import os

import pytest

from app.pipeline.writers import is_being_written


def test_a_file_open_for_writing_is_seen_and_no_longer_once_it_is_closed(tmp_path):
    path = tmp_path / "x.csv"
    with path.open("w") as file:
        file.write("depth")
        file.flush()
        assert is_being_written(path)
    assert not is_being_written(path)


def test_a_writer_through_another_hard_link_is_seen(tmp_path):
    (tmp_path / "x.csv").write_text("depth")
    (tmp_path / "other.csv").hardlink_to(tmp_path / "x.csv")
    with (tmp_path / "other.csv").open("a"):
        assert is_being_written(tmp_path / "x.csv")


def test_a_writer_through_a_memory_map_is_seen_after_it_closed_the_file(tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes(b"depth")
    with path.open("r+b") as file:
        mapped = mmap.mmap(file.fileno(), 0)
    try:
        assert is_being_written(path)
    finally:
        mapped.close()
    assert not is_being_written(path)


def test_readers_are_no_writers(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("depth")
    with path.open():
        assert not is_being_written(path)


def test_what_is_no_regular_file_is_not_being_written(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "file").write_text("")
    (tmp_path / "link.csv").symlink_to(tmp_path / "file")
    for name in ("pipe.csv", "folder.csv", "link.csv", "missing.csv"):
        assert not is_being_written(tmp_path / name)


def test_where_the_kernel_does_not_tell_nothing_is_claimed(tmp_path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delattr(fcntl, "F_SETLEASE")
    with (tmp_path / "x.csv").open("w"):
        assert not is_being_written(tmp_path / "x.csv")
