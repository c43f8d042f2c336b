"""What one run of the benchmarks is given: how thorough to be, and where files may lie."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.table import Row


@dataclass(frozen=True)
class Run:
    quick: bool
    work: Path
    """Emptied when the run ends."""
    cache: Path
    """Files that are worth keeping for the next run."""
    images: int = 2000
    minutes: float = 2.0
    csv: Path | None = None
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    @property
    def repetitions(self) -> int:
        return 3 if self.quick else 5

    @property
    def seconds(self) -> float:
        """How long one measurement of a throughput takes."""
        return 1.0 if self.quick else 5.0

    @property
    def well_rows(self) -> int:
        """3 km of wall; a quick run does with less."""
        return 200_000 if self.quick else 1_200_000

    def folder(self, name: str) -> Path:
        """A new folder."""
        folder = self.work / f"{next(self._numbers):02d}-{name}"
        folder.mkdir()
        return folder


Benchmark = Callable[[Run], Iterable[Row]]
