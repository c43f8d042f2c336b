"""What the host does beside its rounds: a bucket that does not answer must not keep it from all else."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Errand:
    """A piece of work, done again and again, in a thread of its own each time. To be used from one thread.

    ended: called from that thread whenever the work has come to its end, good or bad.
    """

    def __init__(self, name: str, work: Callable[[], object], ended: Callable[[], object]) -> None:
        self.name = name
        self.under_way = self.done = False
        """done: whether it ever was."""
        self._work = work
        self._ended = ended
        self._thread: threading.Thread | None = None
        self._trouble: Exception | None = None

    def start(self) -> None:
        """It must not be under way."""
        self.under_way = True
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
        self._thread.start()

    def raise_trouble(self) -> None:
        """What it failed with the last time."""
        if self._trouble is not None:
            raise self._trouble.with_traceback(None)

    def wait(self, seconds: float) -> None:
        """Until it has ended, or the time is up; it may take longer than anybody would wait."""
        if self._thread is not None:
            self._thread.join(seconds)

    def _run(self) -> None:
        try:
            self._work()
        except Exception as error:  # for `raise_trouble`
            self._trouble = error
        else:
            self._trouble, self.done = None, True
        self.under_way = False
        self._ended()
