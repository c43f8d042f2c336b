"""Working on what processor time nobody else wants, though not for ever."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path

PATIENCE_SECONDS = 30.0
"""After so long at one step a worker wants a share: on a machine that is never idle it would not come to an end."""

THREADS = Path("/proc/self/task")


@contextmanager
def yielding(patience_seconds: float = PATIENCE_SECONDS) -> Iterator[None]:
    """Let this process run only while a processor has nothing else to do, for at most so many seconds.

    A request that comes in then has the processor at once. However high its nice value, an ordinary process may
    keep it until the next tick of the kernel's clock: 4 ms (*measured*). Only Linux knows of this, and only who
    may come back from it goes there: root, and whom `ulimit -e` allows the nice value that he has.
    """
    if not may_come_back():
        yield
        return
    _schedule(os.SCHED_IDLE)
    impatience = threading.Timer(patience_seconds, _schedule, (os.SCHED_OTHER,))
    impatience.daemon = True
    impatience.start()
    try:
        yield
    finally:
        impatience.cancel()
        _schedule(os.SCHED_OTHER)


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
