"""The pipeline: what it does, and its switch."""

from __future__ import annotations

import asyncio
import time

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from app.api.access import writing_is_allowed
from app.api.jobs import JobView
from app.api.problems import may_answer
from app.api.routing import StrictRoute
from app.api.services import Services, UsesServices
from app.pipeline.control import PipelineStatus
from app.storage.catalog.tables import JobState

router = APIRouter(prefix="/pipeline", tags=["pipeline"], route_class=StrictRoute)

CONFIRM_SECONDS = 3.0


class WatcherView(BaseModel):
    mode: str = Field(description="`native` events, `polling`, or `off`.", examples=["native"])
    reason: str | None = Field(description="Why it polls.")


class WorkersView(BaseModel):
    count: int = Field(description="How many files, or parts of long ones, can be read side by side.")
    scheduler: str | None = Field(
        description="The Dask scheduler they belong to; null where they are processes of the host.",
        examples=["tcp://scheduler:8786"],
    )


class StatusView(BaseModel):
    running: bool = Field(description="Whether files dropped into the data folder are taken.")
    watcher: WatcherView
    waiting: int = Field(description="Files seen, but still being written or not yet quiet for long enough.")
    queued: int = Field(description="Files taken, waiting for a worker.")
    active: list[JobView]
    unsettled: int = Field(description="Files of finished jobs that could not be moved away yet.")
    jobs: dict[str, int] = Field(description="How many jobs ever were, by state.")
    trouble: str | None = Field(description="What keeps the pipeline from working, such as a full disk.")
    host: str | None = Field(description="The process that hosts the pipeline.")
    workers: WorkersView
    data_dir: str
    landing_uri: str | None = Field(
        description="Where in a bucket files are looked for as well.", examples=["s3://wells/incoming"]
    )

    @classmethod
    def of(cls, status: PipelineStatus, services: Services) -> StatusView:
        board = status.board
        return cls(
            running=status.running,
            watcher=WatcherView(
                mode=(board.mode if status.running else None) or "off", reason=board.mode_reason
            ),
            waiting=board.waiting,
            queued=status.counts[JobState.QUEUED] + status.counts[JobState.RETRYING],
            active=[JobView.of(job, services.now()) for job in status.active],
            unsettled=status.unsettled,
            jobs=status.counts,
            trouble=board.trouble,
            host=board.host if status.host_alive else None,
            workers=WorkersView(
                count=(board.workers if status.host_alive else None) or 0, scheduler=board.scheduler
            ),
            data_dir=str(services.settings.data_dir),
            landing_uri=services.settings.landing_uri,
        )


@router.get("/status", summary="What the pipeline is doing", responses=may_answer(503))
def pipeline_status(services: UsesServices) -> StatusView:
    return StatusView.of(services.pipeline.status(), services)


@router.post(
    "/start",
    summary="Take files again",
    dependencies=[writing_is_allowed],
    responses=may_answer(401, 403, 503),
)
async def start(services: UsesServices) -> StatusView:
    """Nothing changes where it is on already, as it is from the start."""
    await run_in_threadpool(services.pipeline.start)
    return await _confirmed(services)


@router.post(
    "/stop",
    summary="Take no more files",
    dependencies=[writing_is_allowed],
    responses=may_answer(401, 403, 503),
)
async def stop(services: UsesServices) -> StatusView:
    """Files being read are finished; those that come wait in the data folder."""
    await run_in_threadpool(services.pipeline.stop)
    return await _confirmed(services)


@router.post(
    "/scan",
    summary="Look at the data folder now",
    dependencies=[writing_is_allowed],
    responses=may_answer(401, 403, 503),
)
async def scan(services: UsesServices) -> StatusView:
    """It is looked at all the time anyway; this does not wait for an event to come."""
    await run_in_threadpool(services.pipeline.scan)
    return await _confirmed(services)


async def _confirmed(services: Services) -> StatusView:
    """The status once the host has done what was asked, or as it is when that takes too long."""
    deadline = time.monotonic() + CONFIRM_SECONDS
    while True:
        status = await run_in_threadpool(services.pipeline.status)
        if status.caught_up or not status.host_alive or time.monotonic() > deadline:
            return StatusView.of(status, services)
        await asyncio.sleep(0.05)
