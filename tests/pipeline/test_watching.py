from __future__ import annotations

import errno
import os
import shutil
import threading

import pytest
from watchdog.observers import Observer

from app.pipeline import watching
from app.pipeline.watching import Watch
from tests.builders import eventually


class DeafObserver(type(Observer())):  # type: ignore[misc]
    """Watches, and hears nothing: as on NFS, SMB or Docker Desktop."""

    def dispatch_events(self, event_queue):
        event_queue.get()


class Heard:
    def __init__(self) -> None:
        self.names: set[str] = set()
        self.changed = threading.Event()

    def __call__(self, name: str) -> None:
        self.names.add(name)


@pytest.fixture
def heard():
    return Heard()


@pytest.fixture
def watch(tmp_path, heard):
    folder = tmp_path / "data"
    folder.mkdir()
    started = Watch(folder, heard)
    started.start()
    yield started
    started.stop()


def test_native_events_are_used_where_they_arrive(watch, heard):
    assert (watch.mode, watch.reason, watch.is_stale()) == ("native", None, False)
    assert list(watch.folder.iterdir()) == []
    assert not any(name.startswith(".probe-") for name in heard.names)


@pytest.mark.parametrize("way", ["written", "renamed in", "renamed inside", "linked", "symlinked", "removed"])
def test_every_way_a_file_comes_is_a_hint(watch, heard, tmp_path, way):
    elsewhere, x = tmp_path / "elsewhere.csv", watch.folder / "x.csv"
    elsewhere.write_text("")
    if way == "written":
        x.write_text("depth")
    elif way == "renamed in":
        elsewhere.rename(x)
    elif way == "renamed inside":
        (watch.folder / ".x.csv.AbC123").write_text("depth")
        (watch.folder / ".x.csv.AbC123").rename(x)
    elif way == "linked":
        x.hardlink_to(elsewhere)
    elif way == "symlinked":
        x.symlink_to(elsewhere)
    else:
        x.write_text("depth")
        eventually(lambda: "x.csv" in heard.names, "it is heard that x.csv comes")
        heard.names.clear()
        x.unlink()
    eventually(lambda: "x.csv" in heard.names, "x.csv is heard of", seconds=5)


def test_reading_a_file_is_no_hint(watch, heard):
    (watch.folder / "x.csv").write_text("depth")
    (watch.folder / "written").write_text("")
    eventually(lambda: "written" in heard.names, "all of the writing is heard of")
    heard.names.clear()
    (watch.folder / "x.csv").read_text()
    (watch.folder / "marker").write_text("")
    eventually(lambda: "marker" in heard.names, "what came after is heard of")
    assert "x.csv" not in heard.names


def test_undecodable_names_are_heard(watch, heard):
    name = os.fsdecode(b"\xff.csv")
    (watch.folder / name).write_text("")
    eventually(lambda: name in heard.names, "the name is heard as Python says it")


def test_where_no_event_arrives_it_polls_and_says_why(tmp_path, heard, monkeypatch):
    monkeypatch.setattr(watching, "Observer", DeafObserver)
    monkeypatch.setattr(watching, "PROBE_SECONDS", 0.1)
    watch = Watch(tmp_path, heard)
    watch.start()
    assert (watch.mode, watch.reason) == ("polling", "no event arrived within 0.1 s of a change")
    assert not watch.is_stale()
    watch.stop()


def test_where_events_cannot_be_had_it_polls_and_says_why(tmp_path, heard, monkeypatch):
    class NoMoreWatches(type(Observer())):  # type: ignore[misc]
        def start(self):
            raise OSError(errno.ENOSPC, "inotify watch limit reached")

    monkeypatch.setattr(watching, "Observer", NoMoreWatches)
    watch = Watch(tmp_path, heard)
    watch.start()
    assert watch.mode == "polling" and "watch limit" in (watch.reason or "")
    assert not watch.is_stale()
    watch.stop()


def test_a_folder_that_takes_no_probe_is_polled(tmp_path, heard, monkeypatch):
    def read_only(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(watching.Path, "touch", read_only)
    watch = Watch(tmp_path, heard)
    watch.start()
    assert watch.mode == "polling"
    watch.stop()


def test_a_folder_made_anew_at_once_is_another_folder_though_its_inode_may_come_again(watch):
    shutil.rmtree(watch.folder)
    assert watch.is_stale()
    watch.folder.mkdir()
    assert watch.is_stale()


def test_a_watch_whose_thread_has_died_is_stale(watch):
    watch._observer.stop()
    watch._observer.join()
    assert watch.is_stale()


def test_a_watch_that_never_began_is_stale(tmp_path, heard):
    watch = Watch(tmp_path / "missing", heard)
    watch.start()
    assert watch.mode == "polling" and "No such file" in (watch.reason or "")
    assert watch.is_stale()
    watch.stop()
