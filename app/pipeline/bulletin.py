"""What the host tells of itself on the board, for the other processes and `/pipeline/status`."""

from __future__ import annotations

import time
from typing import NamedTuple

from app.pipeline.workplace import Workplace

HEARTBEAT_SECONDS = 5.0


class News(NamedTuple):
    """By the names of the board's columns."""

    running: bool
    mode: str | None
    mode_reason: str | None
    scans_done: int
    waiting: int
    trouble: str | None
    workers: int


class Bulletin:
    """owner: the process that hosts the pipeline."""

    def __init__(self, place: Workplace, owner: str) -> None:
        self.place = place
        self.owner = owner
        self.told: News | None = None
        self.told_at = float("-inf")

    def tell(self, news: News) -> None:
        """What changed, and now and then that we live. Raises CatalogUnavailable."""
        now = time.monotonic()
        if news == self.told and now - self.told_at < HEARTBEAT_SECONDS:
            return
        self.place.board.tell(self.owner, seen_at=time.time(), **news._asdict())
        self.told, self.told_at = news, now

    def tell_again(self) -> None:
        """At the next occasion, whatever was told."""
        self.told_at = float("-inf")

    def tell_the_end(self) -> None:
        """Raises CatalogUnavailable."""
        self.place.board.tell(self.owner, host=None, running=False, mode=None, mode_reason=None)
