from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from app.pipeline.yielding import THREADS, is_starved, may_come_back, yielding
from tests.builders import eventually
from tests.storage.processes import SPAWN

pytestmark = pytest.mark.skipif(not hasattr(os, "SCHED_IDLE"), reason="only Linux knows idle processes")


@pytest.fixture(autouse=True)
def tried_anew() -> Iterator[None]:
    may_come_back.cache_clear()
    yield
    may_come_back.cache_clear()


def policies() -> set[int]:
    found = set()
    for thread in THREADS.iterdir():
        with suppress(ProcessLookupError):
            found.add(os.sched_getscheduler(int(thread.name)))
    return found


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
        # The one that watches inherits from who starts it.
        assert policies() == {os.SCHED_IDLE}
    assert policies() == {os.SCHED_OTHER}
    over.set()


def who_has_waited_gets_a_share() -> None:
    with yielding(0.02):  # what it waits for takes no processor
        eventually(lambda: os.sched_getscheduler(0) == os.SCHED_OTHER, "a share")
    with yielding():
        assert os.sched_getscheduler(0) == os.SCHED_IDLE


def who_is_done_in_time_leaves_no_thread() -> None:
    before = threading.active_count()
    with yielding(0.05):
        pass
    eventually(lambda: threading.active_count() == before, "the watcher's end")


@pytest.mark.parametrize(
    "check", [every_thread_gives_way, who_has_waited_gets_a_share, who_is_done_in_time_leaves_no_thread]
)
def test_in_a_process_of_its_own(check):
    if not may_come_back():
        pytest.skip("this user may not come back from SCHED_IDLE: ulimit -e")
    in_a_process_of_its_own(check)


@pytest.mark.parametrize(("worked", "starved"), [(0.0, True), (0.1, True), (0.2, False), (0.5, False)])
def test_who_gets_less_than_a_quarter_of_a_processor_is_starved(worked, starved):
    assert is_starved(worked, 0.5) is starved


def test_who_could_not_come_back_does_not_go(monkeypatch):
    schedule = os.sched_setscheduler

    def refuse(thread, policy, parameter) -> None:
        if policy == os.SCHED_OTHER:
            raise PermissionError
        schedule(thread, policy, parameter)

    before = policies()
    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    with yielding():
        eventually(lambda: policies() == before, "who tried it has ended")
    assert not may_come_back()


def test_elsewhere_than_on_linux_nothing_is_changed(monkeypatch):
    before = policies()
    monkeypatch.delattr(os, "SCHED_IDLE")
    with yielding():
        assert policies() == before
