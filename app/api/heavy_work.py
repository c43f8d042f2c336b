"""Work that takes long, or much memory: a few at a time, so that the many small requests go on beside it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from anyio import CapacityLimiter
from anyio.to_thread import run_sync

from app.errors import ServerBusy

AT_ONCE = min(8, max(2, os.cpu_count() or 1))
"""More would only make each slower, and the largest picture takes some 150 MB while it is drawn."""

LONGEST_LINE = 64
"""Who would have to wait behind so many is told so at once."""

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class HeavyWork:
    def __init__(self, at_once: int = AT_ONCE, longest_line: int = LONGEST_LINE) -> None:
        self.longest_line = longest_line
        self._limiter = CapacityLimiter(at_once)

    @property
    def busy(self) -> int:
        """How many are at it, or in line."""
        now = self._limiter.statistics()
        return now.borrowed_tokens + now.tasks_waiting

    async def run(
        self,
        work: Callable[Arguments, Result],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Result:
        """Do it in a thread, when it is its turn. Raises ServerBusy, and what the work raises."""
        waiting = self._limiter.statistics().tasks_waiting
        if waiting >= self.longest_line:
            raise ServerBusy(
                f"{waiting} large pictures and long ranges are waiting already: try again shortly"
            )
        return await run_sync(lambda: work(*args, **kwargs), limiter=self._limiter)
