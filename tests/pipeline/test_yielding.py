from __future__ import annotations

import os
import threading
from collections.abc import Callable

import pytest

from app.pipeline.yielding import THREADS, yielding
from tests.builders import eventually
from tests.storage.processes import SPAWN

pytestmark = pytest.mark.skipif(not hasattr(os, "SCHED_IDLE"), reason="only Linux knows idle processes")


def policies() -> set[int]:
    return {os.sched_getscheduler(int(thread.name)) for thread in THREADS.iterdir()}


def in_a_process_of_its_own(check: Callable[[], None]) -> None:
    """Where it may change how all threads are scheduled."""
    process = SPAWN.Process(target=check)
    process.start()
    process.join(60)
    assert process.exitcode == 0


def every_thread_gives_way() -> None:
    over = threading.Event()
    other = threading.Thread(target=over.wait, daemon=True)
    other.start()
    with yielding():
        # The one that waits for impatience inherits from who starts it.
        assert policies() == {os.SCHED_IDLE}
    over.set()


def who_has_waited_gets_a_share() -> None:
    with yielding(0.02):
        eventually(lambda: os.sched_getscheduler(0) == os.SCHED_OTHER, "a share")
    with yielding():
        assert os.sched_getscheduler(0) == os.SCHED_IDLE


def who_is_done_in_time_stays() -> None:
    before = threading.active_count()
    with yielding(0.05):
        pass
    eventually(lambda: threading.active_count() == before, "the timer's end")
    assert os.sched_getscheduler(0) == os.SCHED_IDLE


@pytest.mark.parametrize(
    "check", [every_thread_gives_way, who_has_waited_gets_a_share, who_is_done_in_time_stays]
)
def test_in_a_process_of_its_own(check):
    in_a_process_of_its_own(check)


def test_what_the_system_does_not_allow_stops_nobody(monkeypatch):
    def refuse(*_):
        raise PermissionError

    before = policies()
    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    done = False
    with yielding():
        done = True
    assert done and policies() == before


def test_elsewhere_than_on_linux_nothing_is_changed(monkeypatch):
    before = policies()
    monkeypatch.delattr(os, "SCHED_IDLE")
    with yielding():
        assert policies() == before
