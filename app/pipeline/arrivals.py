"""Which files have arrived: complete, and quiet for long enough to be taken."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue

from app.pipeline.folders import DataFolders
from app.pipeline.stability import StabilityTracker
from app.pipeline.watching import POLL_SECONDS, Watch
from app.pipeline.writers import is_being_written

log = logging.getLogger("borehole.pipeline")

SHORTEST_LISTING_SECONDS = 0.1


class Arrivals:
    """Watches the data folder between `look` and `stop`. Events are hints; what counts is a listing.

    on_hint: called by another thread when a look may be worth while.
    """

    def __init__(
        self, folders: DataFolders, stable_seconds: float, rescan_seconds: float, on_hint: Callable[[], None]
    ) -> None:
        self.folders = folders
        self.rescan_seconds = rescan_seconds
        self.watch: Watch | None = None
        self.obstacles: dict[str, str] = {}
        """Why files that are complete could not be taken, by name."""
        self._tracker = StabilityTracker(stable_seconds)
        self._on_hint = on_hint
        self._hints: SimpleQueue[str] = SimpleQueue()
        self._hinted = False
        self._last_listing = float("-inf")

    @property
    def waiting(self) -> int:
        """Files seen that are not complete yet, as far as we can tell."""
        return len(self._tracker)

    def due_in(self) -> float | None:
        """Seconds until a look can find a file new or complete; None where no file waits."""
        now = time.monotonic()
        due_in = 0.0 if self._hinted else self._tracker.due_in(now)
        if due_in is None:
            return None
        return max(due_in, self._last_listing + SHORTEST_LISTING_SECONDS - now)

    def look(self, *, at_once: bool = False) -> Iterator[str]:
        """The names of files that are complete now. The folder is listed only if something calls for it."""
        watch = self._watching()
        now = time.monotonic()
        self._take_hints(now)
        if not at_once and now - self._last_listing < self._patience(watch, now):
            return
        self._last_listing, self._hinted = now, False
        listing = self.folders.listing()
        for name in self.obstacles.keys() - listing.keys():
            del self.obstacles[name]
        for name in self._tracker.observe(listing, now):
            if any(map(is_being_written, self.folders.together(name))):
                self._tracker.touch(name, now)
            else:
                self.obstacles.pop(name, None)
                yield name

    def postpone(self, name: str, obstacle: str) -> None:
        """The file cannot be taken: name it again when the stable window has passed once more."""
        self.obstacles[name] = obstacle
        self._tracker.touch(name, time.monotonic())

    def stop(self) -> None:
        if self.watch is not None:
            self.watch.stop()
            self.watch = None
        self._tracker.clear()
        self._hinted = False
        self.obstacles.clear()

    def _watching(self) -> Watch:
        if self.watch is not None and self.watch.is_stale():
            log.warning("the data folder was replaced; watching the new one")
            self.stop()
        if self.watch is None:
            self.folders.ensure()
            self.watch = Watch(self.folders.data, self._hint)
            self.watch.start()
            self._last_listing = float("-inf")
            log.info("watching %s (%s)", self.folders.data, self.watch.mode)
        return self.watch

    def _hint(self, name: str) -> None:
        self._hints.put(name)
        self._on_hint()

    def _take_hints(self, now: float) -> None:
        while True:
            try:
                self._tracker.touch(self._hints.get_nowait(), now)
            except Empty:
                return
            self._hinted = True

    def _patience(self, watch: Watch, now: float) -> float:
        """How old the latest listing may be."""
        if self._hinted or self._tracker.due_in(now) == 0.0:
            return SHORTEST_LISTING_SECONDS
        return self.rescan_seconds if watch.mode == "native" else POLL_SECONDS
