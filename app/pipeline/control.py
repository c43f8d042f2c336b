"""Start, stop, scan and status: words to and from whichever process hosts the pipeline."""

from __future__ import annotations

import time
from dataclasses import dataclass

from app.pipeline.workplace import Workplace
from app.storage.catalog.tables import Job, JobState, PipelineState

SILENT_SECONDS = 15.0
"""A host that has not been heard of for so long is not taken for alive."""


@dataclass(frozen=True)
class PipelineStatus:
    board: PipelineState
    counts: dict[str, int]
    active: list[Job]
    unsettled: int

    @property
    def host_alive(self) -> bool:
        return self.board.host is not None and abs(time.time() - self.board.seen_at) < SILENT_SECONDS

    @property
    def running(self) -> bool:
        return self.host_alive and self.board.running

    @property
    def caught_up(self) -> bool:
        """Whether the host has done what it was last asked for."""
        return self.board.running == self.board.wanted and self.board.scans_done >= self.board.scans_asked


class PipelineControl:
    def __init__(self, place: Workplace) -> None:
        self.place = place

    def start(self) -> None:
        self.place.board.update(wanted=True)

    def stop(self) -> None:
        """No new file is taken; those at work are finished."""
        self.place.board.update(wanted=False)

    def scan(self) -> None:
        self.place.board.ask_for_scan()

    def status(self) -> PipelineStatus:
        history = self.place.history
        return PipelineStatus(
            board=self.place.board.read(),
            counts=history.counts(),
            active=list(history.in_state(JobState.RUNNING)),
            unsettled=history.unsettled(),
        )
