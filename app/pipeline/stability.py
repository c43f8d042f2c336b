"""When a file is complete: nothing about it has changed for a while. Pure: no threads, no clock of its own."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple


class Snapshot(NamedTuple):
    """What changes when somebody writes to a file or puts another in its place."""

    inode: int
    size: int
    modified_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> Snapshot:
        return cls(status.st_ino, status.st_size, status.st_mtime_ns)


@dataclass
class _Candidate:
    snapshot: tuple[object, ...]
    quiet_since: float


class StabilityTracker:
    """Fed with listings and events, says which files have been quiet for `stable_seconds`."""

    def __init__(self, stable_seconds: float) -> None:
        self.stable_seconds = stable_seconds
        self._candidates: dict[str, _Candidate] = {}

    def __len__(self) -> int:
        return len(self._candidates)

    def observe(self, listing: Mapping[str, tuple[object, ...]], now: float) -> list[str]:
        """The names that are stable at `now`, in the order they became so.

        listing: of each name what differs once anything about it has changed.

        A file seen for the first time, or changed since it was last seen, starts its quiet time at `now`; a file
        that is gone is forgotten.
        """
        for name in self._candidates.keys() - listing.keys():
            del self._candidates[name]
        for name, snapshot in listing.items():
            known = self._candidates.get(name)
            if known is None or known.snapshot != snapshot:
                self._candidates[name] = _Candidate(snapshot, now)
        stable = [
            name for name, file in self._candidates.items() if now - file.quiet_since >= self.stable_seconds
        ]
        return sorted(stable, key=lambda name: self._candidates[name].quiet_since)

    def clear(self) -> None:
        self._candidates.clear()

    def touch(self, name: str, now: float) -> None:
        """An event says that somebody still works on this file."""
        candidate = self._candidates.get(name)
        if candidate is not None:
            candidate.quiet_since = now

    def due_in(self, now: float) -> float | None:
        """Seconds until the next file can become stable; None where no file waits."""
        if not self._candidates:
            return None
        earliest = min(file.quiet_since for file in self._candidates.values())
        return max(0.0, earliest + self.stable_seconds - now)
