from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.pipeline.lock import FileLock, host_lock
from app.pipeline.workplace import Workplace
from tests.builders import eventually, settings_in

HOLDER = """
import sys, time
from pathlib import Path
from app.pipeline.lock import host_lock
from app.pipeline.workplace import Workplace
from app.settings import Settings
lock = host_lock(Workplace.open(Settings(_env_file=None)))
assert lock.acquire()
print("held", flush=True)
time.sleep(60)
"""


@pytest.mark.both_databases
def test_one_of_two_gets_the_lock_and_the_other_once_it_is_released(place, settings):
    other = Workplace.open(settings)
    first, second = host_lock(place), host_lock(other)
    assert first.acquire() and first.acquire()
    assert not second.acquire()
    first.release()
    first.release()
    assert second.acquire()
    assert not first.acquire()
    second.release()
    other.catalog.close()


def test_on_postgresql_machines_that_share_nothing_else_share_the_lock(postgresql, tmp_path):
    url = postgresql.new_database()
    machines = [Workplace.open(settings_in(tmp_path / name, database_url=url)) for name in "ab"]
    first, second = map(host_lock, machines)
    assert first.acquire()
    assert not second.acquire()
    first.release()
    assert second.acquire()
    second.release()
    for machine in machines:
        machine.catalog.close()
    postgresql.drop_database(url)


@pytest.mark.both_databases
def test_the_lock_of_a_process_that_is_killed_is_free(place):
    lock = host_lock(place)
    settings = place.settings
    environment = os.environ | {
        "BOREHOLE_DB_DIR": str(settings.db_dir),
        "BOREHOLE_DATA_DIR": str(settings.data_dir),
        "BOREHOLE_DATABASE_URL": settings.database_url or "",
    }
    command = [sys.executable, "-c", HOLDER]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as holder:
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
