"""Noticing that the system's clock was set: it differs then from the monotonic clock, which nobody can set."""

from __future__ import annotations

import time

HARMLESS_SECONDS = 5.0


class ClockWatch:
    def __init__(self) -> None:
        self._ahead = _ahead()

    def jump(self) -> float:
        """Seconds by which the clock was set forward (or back, below zero) since `accept`; 0 for a few seconds."""
        jump = _ahead() - self._ahead
        if abs(jump) >= HARMLESS_SECONDS:
            return jump
        self._ahead += jump  # a clock that is led back to the right time little by little
        return 0.0

    def accept(self, jump: float) -> None:
        """It has been dealt with."""
        self._ahead += jump


def _ahead() -> float:
    return time.time() - time.monotonic()
