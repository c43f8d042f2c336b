"""What is taken out of the data folder and when. A clock is handed in; the events are the system's own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.pipeline import arrivals as arrivals_module
from app.pipeline import watching
from app.pipeline.arrivals import Arrivals
from app.pipeline.folders import DataFolders
from tests.builders import eventually
from tests.pipeline.test_watching import DeafObserver

STABLE = 2.0
RESCAN = 30.0


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class HeardArrivals(Arrivals):
    """Arrivals of which a test can tell how far the system is with its telling."""

    def __init__(self, *arguments) -> None:
        self.heard: list[str] = []
        super().__init__(*arguments)

    def _hint(self, name: str) -> None:
        super()._hint(name)
        self.heard.append(name)


class Watcher:
    """Arrivals with a clock of their own."""

    def __init__(self, folder: Path, clock: Clock, stable: float = STABLE) -> None:
        self.clock = clock
        self.arrivals = HeardArrivals(DataFolders(folder), stable, RESCAN, lambda: None)
        self.data = folder
        self.markers = 0

    def look(self, after: float = 0.0, *, at_once: bool = False) -> list[str]:
        self.clock.now += after
        return list(self.arrivals.look(at_once=at_once))

    def hinted(self) -> None:
        """Wait until the system has told of all that was done."""
        self.markers += 1
        marker = self.data / f".marker-{self.markers}"
        marker.touch()
        eventually(lambda: marker.name in self.arrivals.heard, "the system tells of a change")

    def deafen(self) -> None:
        """From here on all events are lost."""
        self.arrivals.watch._handler._on_event = lambda name: None
        self.look(after=1.0, at_once=True)


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(arrivals_module.time, "monotonic", clock)
    return clock


@pytest.fixture
def watcher(tmp_path, clock) -> Iterator[Watcher]:
    made = Watcher(tmp_path / "data", clock)
    assert made.look() == []
    yield made
    made.arrivals.stop()


@pytest.fixture
def deaf(tmp_path, clock, monkeypatch) -> Iterator[Watcher]:
    monkeypatch.setattr(watching, "Observer", DeafObserver)
    monkeypatch.setattr(watching, "PROBE_SECONDS", 0.01)
    made = Watcher(tmp_path / "data", clock)
    assert made.look() == []
    yield made
    made.arrivals.stop()


def test_a_file_is_named_when_it_has_been_quiet_and_not_before(watcher):
    (watcher.data / "x.csv").write_text("depth")
    watcher.hinted()
    assert watcher.look(after=0.2) == []
    assert watcher.arrivals.waiting == 1
    assert watcher.arrivals.due_in() == pytest.approx(STABLE)
    assert watcher.look(after=STABLE - 0.1) == []
    assert watcher.look(after=0.1) == ["x.csv"]


def test_a_file_that_is_written_in_steps_is_named_after_the_last(watcher):
    with (watcher.data / "x.csv").open("w") as file:
        for _ in range(3):
            file.write("more\n")
            file.flush()
            watcher.hinted()
            assert watcher.look(after=STABLE - 0.1) == []
    watcher.hinted()
    assert watcher.look(after=0.2) == []
    assert watcher.look(after=STABLE) == ["x.csv"]


def test_a_file_still_open_for_writing_is_left_alone_however_long_its_writer_pauses(watcher):
    with (watcher.data / "x.csv").open("w") as file:
        file.write("half")
        file.flush()
        for _ in range(5):
            assert watcher.look(after=10 * STABLE, at_once=True) == []
        assert watcher.arrivals.waiting == 1
    watcher.hinted()
    watcher.look(after=0.2)
    assert watcher.look(after=RESCAN) == ["x.csv"]


def test_a_download_under_another_name_counts_once_it_is_renamed(watcher):
    hidden = watcher.data / ".x.csv.AbC123"
    hidden.write_text("depth")
    watcher.hinted()
    assert watcher.look(after=10.0, at_once=True) == [] and watcher.arrivals.waiting == 0
    hidden.rename(watcher.data / "x.csv")
    watcher.hinted()
    assert watcher.look(after=0.2) == []
    assert watcher.look(after=STABLE) == ["x.csv"]


@pytest.mark.parametrize("way", ["moved", "linked", "symlinked", "folder", "pipe"])
def test_every_way_to_arrive_is_noticed(watcher, tmp_path, way):
    elsewhere, x = tmp_path / "elsewhere.csv", watcher.data / "x.csv"
    elsewhere.write_text("depth")
    {
        "moved": lambda: elsewhere.rename(x),
        "linked": lambda: x.hardlink_to(elsewhere),
        "symlinked": lambda: x.symlink_to(elsewhere),
        "folder": x.mkdir,
        "pipe": lambda: os.mkfifo(x),
    }[way]()
    watcher.hinted()
    assert watcher.look(after=0.2) == []
    assert watcher.look(after=STABLE) == ["x.csv"]


@pytest.mark.parametrize(
    "name",
    [
        "two words.csv",
        'it\'s "quoted".csv',
        "🪨.csv",
        "a\nb.csv",
        "a" * 251 + ".csv",
        os.fsdecode(b"\xff.csv"),
    ],
)
def test_odd_names_arrive_like_any_other(watcher, name):
    (watcher.data / name).write_text("depth")
    watcher.hinted()
    watcher.look(after=0.2)
    assert watcher.look(after=STABLE) == [name]


def test_sub_folders_and_ignored_names_are_not_waited_for(watcher):
    (watcher.data / "folder").mkdir()
    (watcher.data / "folder" / "x.csv").write_text("")
    for name in (".DS_Store", "Thumbs.db", "x.csv.part", "~$x.csv"):
        (watcher.data / name).write_text("")
    assert watcher.look(after=RESCAN) == [] and watcher.look(after=RESCAN) == []
    assert watcher.arrivals.due_in() is None


def test_nothing_is_listed_while_nothing_calls_for_it(watcher, monkeypatch):
    watcher.deafen()

    def no_listing(self: DataFolders) -> None:
        raise AssertionError("listed for nothing")

    monkeypatch.setattr(DataFolders, "listing", no_listing)
    assert watcher.look(after=RESCAN - 0.1) == []


def test_a_file_whose_events_were_lost_is_found_by_the_rescan(watcher):
    watcher.deafen()
    watcher.look(after=RESCAN)
    (watcher.data / "x.csv").write_text("depth")
    assert watcher.look(after=RESCAN - 0.1) == [] and watcher.arrivals.waiting == 0
    assert watcher.look(after=0.2) == [] and watcher.arrivals.waiting == 1
    assert watcher.look(after=STABLE) == ["x.csv"]


def test_where_events_do_not_arrive_the_folder_is_polled(deaf):
    assert deaf.arrivals.watch.mode == "polling"
    (deaf.data / "x.csv").write_text("depth")
    assert deaf.look(after=0.5) == [] and deaf.arrivals.waiting == 0
    assert deaf.look(after=0.5) == [] and deaf.arrivals.waiting == 1
    assert deaf.look(after=STABLE) == ["x.csv"]


def test_a_scan_lists_at_once_and_still_waits_for_quiet(deaf):
    (deaf.data / "x.csv").write_text("depth")
    assert deaf.look(after=0.1, at_once=True) == []
    assert deaf.arrivals.waiting == 1
    assert deaf.look(after=STABLE, at_once=True) == ["x.csv"]


def test_a_data_folder_made_anew_is_watched_and_gets_its_folders_again(watcher):
    shutil.rmtree(watcher.data)
    watcher.data.mkdir()
    assert watcher.look(after=0.2) == []
    assert watcher.arrivals.folders.processing.is_dir()
    (watcher.data / "x.csv").write_text("depth")
    watcher.hinted()
    watcher.look(after=0.2)
    assert watcher.look(after=STABLE) == ["x.csv"]


def test_a_data_folder_that_is_gone_is_made_again(watcher):
    shutil.rmtree(watcher.data)
    assert watcher.look(after=0.2) == []
    assert watcher.data.is_dir()


def test_a_file_that_cannot_be_taken_comes_again_later_and_says_why_until_then(watcher):
    (watcher.data / "x.csv").write_text("depth")
    watcher.hinted()
    watcher.look(after=RESCAN)
    assert watcher.look(after=STABLE) == ["x.csv"]
    watcher.arrivals.postpone("x.csv", "busy")
    assert watcher.look(after=1.0) == [] and watcher.arrivals.obstacles == {"x.csv": "busy"}
    assert watcher.look(after=1.0) == ["x.csv"] and watcher.arrivals.obstacles == {}
    watcher.arrivals.postpone("x.csv", "busy")
    (watcher.data / "x.csv").unlink()
    watcher.look(after=STABLE)
    assert watcher.arrivals.obstacles == {}


def test_nobody_is_asked_to_look_more_often_than_a_listing_is_made(watcher):
    (watcher.data / "x.csv").write_text("depth")
    watcher.hinted()
    watcher.look(after=RESCAN)
    assert watcher.look(after=STABLE) == ["x.csv"]  # and is left where it is
    assert watcher.arrivals.due_in() == pytest.approx(arrivals_module.SHORTEST_LISTING_SECONDS)


def test_a_file_that_comes_just_after_a_listing_is_seen_by_the_next(watcher):
    watcher.look(at_once=True)
    (watcher.data / "x.csv").write_text("depth")
    watcher.hinted()
    assert watcher.look(after=0.01) == [] and watcher.arrivals.waiting == 0
    due_in = watcher.arrivals.due_in()
    assert due_in is not None and due_in < arrivals_module.SHORTEST_LISTING_SECONDS
    watcher.look(after=due_in)
    assert watcher.arrivals.waiting == 1
    assert watcher.arrivals.due_in() == pytest.approx(STABLE)


def test_once_stopped_nothing_is_waited_for(watcher):
    (watcher.data / "x.csv").write_text("depth")
    watcher.hinted()
    watcher.look(after=RESCAN)
    (watcher.data / "y.csv").write_text("depth")
    watcher.hinted()
    watcher.look()
    watcher.arrivals.stop()
    assert (watcher.arrivals.waiting, watcher.arrivals.due_in(), watcher.arrivals.watch) == (0, None, None)
