"""What makes a Dask worker one of ours.

    python -m dask worker tcp://scheduler:8786 --nthreads 1 --preload app.pipeline.dask_worker

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
        place = workplace(tuple(reading.items()))
        _require_the_servers_places(place, step)
        return step.run(place)


@lru_cache(maxsize=1)
def own_settings() -> Settings:
    return load_settings()


@lru_cache(maxsize=1)
def workplace(reading: tuple[tuple[str, Any], ...]) -> Workplace:
    return Workplace.open(own_settings().model_copy(update=dict(reading)))


def _require_the_servers_places(place: Workplace, step: Step) -> None:
    """A worker that looked elsewhere would say of every file that it is gone. Raises RuntimeError."""
    server = step.lease.owner
    if place.board.read().host != server:
        raise RuntimeError(
            f"its catalog knows nothing of the server {server}: either that is no more, or the worker's "
            "BOREHOLE_DATABASE_URL or BOREHOLE_DB_DIR is not the server's"
        )
    if place.settings.landing_uri is not None:  # each machine may have a data folder of its own then
        return
    job = place.jobs.get(step.lease.job_id)
    if job.lease == step.lease.token and job.claim is not None and not place.folders.holds(job.claim):
        raise RuntimeError(
            f"{place.folders.processing / job.claim} is not there: the worker's BOREHOLE_DATA_DIR must be the "
            "server's, on a disk that they share"
        )
