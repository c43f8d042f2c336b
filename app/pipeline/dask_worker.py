"""What a worker of a Dask cluster is: `dask worker tcp://… --nthreads 1 --preload app.pipeline.dask_worker`.

Its settings are `BOREHOLE_*` variables of its own: the same catalog, arrays and files as the server's. How a file
is read comes with each task, so that no two workers read differently.
"""

from __future__ import annotations

import pickle
import threading
from functools import lru_cache
from typing import Any

from app import logs
from app.ingestion.warming import warm_up
from app.memory import keep_what_is_freed
from app.pipeline.steps import Step
from app.pipeline.workplace import Workplace
from app.settings import Settings
from app.startup import load_settings

_one_at_a_time = threading.Lock()
"""A file takes the memory of a process, and the libraries that read it are not all made for threads."""


def dask_setup(worker: object) -> None:
    """Called by Dask as the worker starts. Raises SystemExit where its settings cannot be worked with."""
    settings = own_settings()
    keep_what_is_freed()
    logs.configure(settings)
    warm_up(settings)


def carry_out(task: bytes) -> Any:
    """What a step returns. task: pickled, the step and what it is to know of how files are read.

    Raises CatalogUnavailable, RuntimeError where this worker cannot work at all.
    """
    step: Step
    step, reading = pickle.loads(task)
    with _one_at_a_time:
        return step.run(workplace(tuple(reading.items())))


@lru_cache(maxsize=1)
def own_settings() -> Settings:
    return load_settings()


@lru_cache(maxsize=1)
def workplace(reading: tuple[tuple[str, Any], ...]) -> Workplace:
    return Workplace.open(own_settings().model_copy(update=dict(reading)))
