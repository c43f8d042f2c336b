"""The pipeline: what it does, what it has done, and its switch."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from app.api.access import writing_is_allowed
from app.api.problems import may_answer
from app.api.services import Services, UsesServices
from app.api.times import iso
from app.pipeline.control import PipelineStatus
from app.storage.catalog.tables import Job, JobState

router = APIRouter(prefix="/pipeline", tags=["pipeline"])

CONFIRM_SECONDS = 3.0


class JobView(BaseModel):
    id: int
    name: str = Field(examples=["challenge.csv"])
    state: JobState
    reason: str | None = Field(
        description="Why it failed or waits; made for scripts.", examples=["not_a_number"]
    )
    message: str | None = Field(description="The same in words.")
    row: int | None = Field(description="Line of the file at fault; the header is line 1.")
    column: str | None
    value: str | None
    image_id: int | None = Field(description="The image it became, or is equal to.")
    image_ids: list[int]
    rows_done: int
    rows_total: int | None
    attempts: int
    size_bytes: int
    file: str | None = Field(description="Where the file lies now, below the data folder.")
    created_at: str | None
    started_at: str | None
    finished_at: str | None

    @classmethod
    def of(cls, job: Job) -> JobView:
        return cls(
            id=job.id,
            name=job.name,
            state=JobState(job.state),
            reason=job.reason,
            message=job.message,
            row=job.row,
            column=job.column,
            value=job.value,
            image_id=job.image_ids[0] if job.image_ids else None,
            image_ids=job.image_ids,
            rows_done=job.rows_done,
            rows_total=job.rows_total,
            attempts=job.attempts,
            size_bytes=job.size_bytes,
            file=job.target if job.settled else None,
            created_at=iso(job.created_at),
            started_at=iso(job.started_at),
            finished_at=iso(job.finished_at),
        )


class JobList(BaseModel):
    jobs: list[JobView]
    total: int
    next: str | None


class WatcherView(BaseModel):
    mode: str = Field(description="`native` events, `polling`, or `off`.", examples=["native"])
    reason: str | None = Field(description="Why it polls.")


class StatusView(BaseModel):
    running: bool = Field(description="Whether files dropped into the data folder are taken.")
    watcher: WatcherView
    waiting: int = Field(description="Files seen, but still being written or not yet quiet for long enough.")
    queued: int = Field(description="Files taken, waiting for a worker.")
    active: list[JobView]
    jobs: dict[str, int] = Field(description="How many jobs ever were, by state.")
    trouble: str | None = Field(description="What keeps the pipeline from working, such as a full disk.")
    host: str | None = Field(description="The process that hosts the pipeline.")
    data_dir: str

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
            active=[JobView.of(job) for job in status.active],
            jobs=status.counts,
            trouble=board.trouble,
            host=board.host if status.host_alive else None,
            data_dir=str(services.settings.data_dir),
        )


@router.get("/status", summary="What the pipeline is doing", responses=may_answer(503))
def pipeline_status(services: UsesServices) -> StatusView:
    return StatusView.of(services.pipeline.status(), services)


@router.get("/history", summary="What became of every file", responses=may_answer(422, 503))
def history(
    services: UsesServices,
    limit: Annotated[int, Query(ge=1, le=1000, description="Jobs on a page.")] = 50,
    before: Annotated[
        int | None, Query(ge=1, le=2**63 - 1, description="Only older jobs: what `next` uses.")
    ] = None,
    state: Annotated[JobState | None, Query(description="Only jobs in this state.")] = None,
) -> JobList:
    """Newest first, complete."""
    jobs, total = services.place.jobs.history(limit + 1, before=before, state=state)
    more = f"/pipeline/history?limit={limit}&before={jobs[limit - 1].id}" if len(jobs) > limit else None
    if more and state:
        more += f"&state={state}"
    return JobList(jobs=[JobView.of(job) for job in jobs[:limit]], total=total, next=more)


@router.get("/jobs/{job_id}", summary="One job", responses=may_answer(404, 422, 503))
def job(job_id: int, services: UsesServices) -> JobView:
    return JobView.of(services.place.jobs.get(job_id))


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
        if status.settled or not status.host_alive or time.monotonic() > deadline:
            return StatusView.of(status, services)
        await asyncio.sleep(0.05)
