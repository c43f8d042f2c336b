from __future__ import annotations

import os
import threading

import pytest

from app.pipeline.yielding import THREADS, yielding
from tests.builders import eventually

pytestmark = pytest.mark.skipif(not hasattr(os, "SCHED_IDLE"), reason="only Linux knows idle processes")


def policies() -> set[int]:
    return {os.sched_getscheduler(int(thread.name)) for thread in THREADS.iterdir()}


def in_a_process_of_its_own(check) -> None:
    """Where it may change how all threads are scheduled."""
    pid = os.fork()
    if not pid:
        status = 1
        try:
            check()
            status = 0
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_every_thread_gives_way():
    def check():
        over = threading.Event()
        other = threading.Thread(target=over.wait, daemon=True)
        other.start()
        with yielding():
            # The one that waits for impatience inherits from who starts it.
            assert policies() == {os.SCHED_IDLE}
        over.set()

    in_a_process_of_its_own(check)


def test_who_has_waited_long_enough_gets_a_share():
    def check():
        with yielding(0.02):
            eventually(lambda: os.sched_getscheduler(0) == os.SCHED_OTHER, "a share")
        with yielding():
            assert os.sched_getscheduler(0) == os.SCHED_IDLE

    in_a_process_of_its_own(check)


def test_who_is_done_in_time_stays_as_it_is():
    def check():
        before = threading.active_count()
        with yielding(0.05):
            pass
        eventually(lambda: threading.active_count() == before, "the timer's end")
        assert os.sched_getscheduler(0) == os.SCHED_IDLE

    in_a_process_of_its_own(check)


def test_what_the_system_does_not_allow_stops_nobody(monkeypatch):
    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    done = False
    with yielding():
        done = True
    assert done
    assert os.sched_getscheduler(0) == os.SCHED_OTHER


def test_elsewhere_than_on_linux_nothing_is_changed(monkeypatch):
    monkeypatch.delattr(os, "SCHED_IDLE")
    with yielding():
        assert policies() == {os.SCHED_OTHER}
