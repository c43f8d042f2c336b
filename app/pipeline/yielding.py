"""Working on what processor time nobody else wants, though not for ever."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path

PATIENCE_SECONDS = 0.5
LEAST_SHARE = 0.25
"""Of one processor. Who gets less for so long wants a share: on a machine that is never idle it would never end."""

THREADS = Path("/proc/self/task")


@contextmanager
def yielding(patience_seconds: float = PATIENCE_SECONDS) -> Iterator[None]:
    """Let this process run only while a processor has nothing else to do, as long as that is often enough.

    A request that comes in then has the processor at once. However high its nice value, an ordinary process may
    keep it until the next tick of the kernel's clock: 4 ms (*measured*). Only Linux knows of this, and only who
    may come back from it goes there: root, and whom `ulimit -e` allows the nice value that he has.
    """
    if not may_come_back():
        yield
        return
    over = threading.Event()
    watcher = threading.Thread(
        target=_take_a_share_if_starved, args=(over, patience_seconds), name="share", daemon=True
    )
    _schedule(os.SCHED_IDLE)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        _schedule(os.SCHED_OTHER)


def is_starved(worked_seconds: float, passed_seconds: float) -> bool:
    """Or waits for something else than the processor, which does not mind a share."""
    return worked_seconds < LEAST_SHARE * passed_seconds


def _take_a_share_if_starved(over: threading.Event, patience_seconds: float) -> None:
    worked, passed = time.process_time(), time.monotonic()
    while not over.wait(patience_seconds):
        worked_before, passed_before = worked, passed
        worked, passed = time.process_time(), time.monotonic()
        if is_starved(worked - worked_before, passed - passed_before):
            _schedule(os.SCHED_OTHER)
            return


@lru_cache(maxsize=1)
def may_come_back() -> bool:
    """That is tried, by a thread that ends whatever becomes of it."""
    if not hasattr(os, "SCHED_IDLE"):
        return False

    def there_and_back() -> None:
        for policy in (os.SCHED_IDLE, os.SCHED_OTHER):
            os.sched_setscheduler(0, policy, os.sched_param(0))

    with ThreadPoolExecutor(1) as trial:
        return not isinstance(trial.submit(there_and_back).exception(), OSError)


def _schedule(policy: int) -> None:
    """All threads of this process: the libraries have theirs."""
    for thread in THREADS.iterdir():
        with suppress(ProcessLookupError):  # it has ended
            os.sched_setscheduler(int(thread.name), policy, os.sched_param(0))
