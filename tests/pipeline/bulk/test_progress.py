from __future__ import annotations

import io
import sys

import pytest

from app.pipeline.bulk import progress as module
from app.pipeline.bulk.progress import Progress, duration


@pytest.fixture
def clock(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


def test_a_log_gets_a_line_now_and_then(clock, capsys):
    progress = Progress(10, 10_000_000)
    progress.file_ended("stored", 2_000_000, 5_000, earlier=True)
    for outcome in ("stored", "failed"):
        progress.file_ended(outcome, 1_000_000, 1_000)
    clock[0] += 9.9
    progress.show()
    assert capsys.readouterr().out == ""
    clock[0] += 0.1
    progress.show()
    progress.show()
    assert capsys.readouterr().out == (
        "3 of 10 files, 4 of 10 MB, 1 failed; 0.2 files/s, 200 rows/s, 0.2 MB/s; 30.0 s left\n"
    )


def test_time_left_is_unknown_until_something_was_read(clock, capsys):
    progress = Progress(10, 10_000_000)
    progress.file_ended("stored", 1, 1, earlier=True)
    clock[0] += 10
    progress.show()
    assert capsys.readouterr().out.endswith("0.0 MB/s; time left unknown\n")


def test_the_sum_tells_this_run_from_earlier_ones(clock, capsys):
    progress = Progress(5, 5_000_000)
    progress.file_ended("stored", 1_000_000, 600, earlier=True)
    progress.file_ended("stored", 1_000_000, 600)
    progress.file_ended("failed", 1_000_000)
    progress.left_out()
    clock[0] += 4
    progress.summary()
    assert capsys.readouterr().out.splitlines() == [
        "2 stored, 1 failed, 1 left out; 1 of them earlier",
        "2 files, 600 rows, 2.0 MB in 4.0 s: 0.5 files/s, 150 rows/s, 0.5 MB/s",
    ]


def test_nothing_is_said_in_a_line_too(capsys):
    Progress(0, 0).summary()
    assert capsys.readouterr().out == "no files\n"


def test_what_keeps_files_waiting_is_told_when_it_changes(capsys):
    progress = Progress(1, 1)
    for text in ("the disk is full", "the disk is full", None, "the disk is full"):
        progress.note(text)
    assert capsys.readouterr().out.splitlines() == ["waits: the disk is full"] * 2


def test_a_terminal_gets_a_bar(monkeypatch, capsys):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    progress = Progress(2, 2)
    progress.file_ended("stored", 1, 10)
    progress.show()
    progress.summary()
    assert "1/2" in terminal.getvalue()
    assert "rows/s" in terminal.getvalue()
    assert capsys.readouterr().out.startswith("1 stored\n1 files, 10 rows")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(4.21, "4.2 s"), (60, "1 min 00 s"), (200, "3 min 20 s"), (7500, "2 h 05 min")],
)
def test_durations_read_well(seconds, text):
    assert duration(seconds) == text
