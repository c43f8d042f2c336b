from __future__ import annotations

import errno
import fcntl
import subprocess
import sys
from pathlib import Path

import pytest

from app.pipeline.lock import FileLock
from tests.builders import eventually

HOLDER = """
import sys, time
from pathlib import Path
from app.pipeline.lock import FileLock
assert FileLock(Path(sys.argv[1])).acquire()
print("held", flush=True)
time.sleep(60)
"""


def test_one_of_two_gets_the_lock_and_the_other_once_it_is_released(tmp_path):
    first, second = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    assert first.acquire() and first.acquire()
    assert not second.acquire()
    first.release()
    first.release()
    assert second.acquire()
    second.release()


def test_the_kernel_frees_the_lock_of_a_process_that_is_killed(tmp_path):
    lock = FileLock(tmp_path / "lock")
    command = [sys.executable, "-c", HOLDER, str(lock.path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == b"held\n"
        assert not lock.acquire()
        holder.kill()
        eventually(lock.acquire, "the lock of the killed process is free", seconds=2)
    lock.release()


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_lock_that_cannot_be_asked_for_leaves_nothing_open(tmp_path, monkeypatch):
    def refused(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refused)
    lock = FileLock(tmp_path / "lock")
    before = open_files()
    with pytest.raises(OSError, match="No locks"):
        lock.acquire()
    assert open_files() == before
