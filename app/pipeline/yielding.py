"""Working on what processor time nobody else wants, though not for ever."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PATIENCE_SECONDS = 30.0
"""After so long at one step a worker wants a share: on a machine that is never idle it would not come to an end."""

THREADS = Path("/proc/self/task")


@contextmanager
def yielding(patience_seconds: float = PATIENCE_SECONDS) -> Iterator[None]:
    """Let this process run only while a processor has nothing else to do, for at most so many seconds.

    A request that comes in then has the processor at once. However high its nice value, an ordinary process may
    keep it until the next tick of the kernel's clock: 4 ms (*measured*). Only Linux knows of this.
    """
    if not hasattr(os, "SCHED_IDLE"):
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


def _schedule(policy: int) -> None:
    """All threads of this process: the libraries have theirs."""
    for thread in THREADS.iterdir():
        with suppress(OSError):  # it has ended, or the system does not let us
            os.sched_setscheduler(int(thread.name), policy, os.sched_param(0))
