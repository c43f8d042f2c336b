"""Who carries out steps: what processes of our own and a Dask cluster have in common."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum, auto
from multiprocessing.connection import Connection
from typing import Any, NamedTuple, Protocol

from app.pipeline.steps import Step
from app.settings import Settings


class Fate(Enum):
    DONE = auto()
    DIED = auto()
    NEVER_BEGAN = auto()


class Ended(NamedTuple):
    """What became of a step. deaths: how many workers ended over it."""

    step: Step
    fate: Fate
    result: Any = None
    deaths: int = 1


class Crew(Protocol):
    """To be used from one thread only."""

    def start(self) -> None:
        """Be ready to work; called again and again. Raises WorkersUnavailable."""

    @property
    def size(self) -> int:
        """How many steps can be under way at once."""

    @property
    def free(self) -> int:
        """How many more can be now."""

    @property
    def at_work(self) -> Sequence[Step]: ...

    def submit(self, step: Step) -> None:
        """Carry it out, once anybody is free."""

    def wait(self, timeout: float, *others: Connection) -> list[object]:
        """Until a step has ended or one of the other connections has something to say; those that have."""

    def collect(self) -> Iterator[Ended]:
        """Which steps have ended since it was last asked, and how."""

    def end_overdue(self, limit_seconds: float) -> Iterator[Step]:
        """Give up the steps that take longer than this; which."""

    def stop(self, grace_seconds: float) -> None:
        """End all; steps under way have `grace_seconds` to finish."""


def open_crew(settings: Settings) -> Crew:
    if settings.scheduler is None:
        from app.pipeline.workers import WorkerPool

        return WorkerPool(settings)
    from app.pipeline.dask_crew import DaskCrew  # Dask is for those who have a cluster of it

    return DaskCrew(settings, settings.scheduler)
