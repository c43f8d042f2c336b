"""Jobs: each file's way in, one by one and all together, and trying one again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from app.api.access import writing_is_allowed
from app.api.problems import may_answer
from app.api.routing import StrictRoute
from app.api.services import UsesServices
from app.api.times import iso
from app.pipeline.retrying import retry_now
from app.storage.catalog.history import JobFilter
from app.storage.catalog.tables import Job, JobState

router = APIRouter(prefix="/pipeline", tags=["pipeline"], route_class=StrictRoute)


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
    rows_per_second: float | None = Field(description="While it runs, and for the whole of it afterwards.")
    attempts: int
    size_bytes: int
    file: str | None = Field(
        description="Where the file lies now: below the data folder, or its URI in a bucket."
    )
    created_at: str | None
    started_at: str | None
    finished_at: str | None
    next_try_at: str | None = Field(description="When a job that is `retrying` runs again.")

    @classmethod
    def of(cls, job: Job, now: float) -> JobView:
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
            rows_per_second=_rate(job, now),
            attempts=job.attempts,
            size_bytes=job.size_bytes,
            file=job.target if job.settled else None,
            created_at=iso(job.created_at),
            started_at=iso(job.started_at),
            finished_at=iso(job.finished_at),
            next_try_at=iso(job.not_before) if job.state == JobState.RETRYING else None,
        )


class JobList(BaseModel):
    jobs: list[JobView]
    total: int
    next: str | None = Field(description="Where the next page is; null on the last.")


_Moment = Annotated[
    datetime | None,
    Query(description="ISO 8601; UTC where it has no offset.", examples=["2026-11-24T15:00:00Z"]),
]


@router.get("/history", summary="What became of every file", responses=may_answer(422, 503))
def history(
    services: UsesServices,
    limit: Annotated[int, Query(ge=1, le=1000, description="Jobs on a page.")] = 50,
    before: Annotated[
        int | None, Query(ge=1, le=2**63 - 1, description="Only older jobs: what `next` uses.")
    ] = None,
    state: Annotated[JobState | None, Query(description="Only jobs in this state.")] = None,
    name: Annotated[
        str | None, Query(max_length=255, description="Only files with this in their name, in any case.")
    ] = None,
    since: _Moment = None,
    until: _Moment = None,
) -> JobList:
    """Newest first, complete unless BOREHOLE_HISTORY_DAYS prunes it."""
    chosen = JobFilter(state, name, _seconds(since), _seconds(until))
    jobs, total = services.place.history.page(limit + 1, before=before, chosen=chosen)
    following = None
    if len(jobs) > limit:
        asked = {
            "state": state,
            "name": name,
            "since": since and since.isoformat(),
            "until": until and until.isoformat(),
        }
        given = {key: value for key, value in asked.items() if value is not None}
        following = "/pipeline/history?" + urlencode({"limit": limit, "before": jobs[limit - 1].id} | given)
    now = services.now()
    return JobList(jobs=[JobView.of(job, now) for job in jobs[:limit]], total=total, next=following)


@router.get("/jobs/{job_id}", summary="One job", responses=may_answer(404, 422, 503))
def job(job_id: int, services: UsesServices) -> JobView:
    return JobView.of(services.place.jobs.get(job_id), services.now())


@router.post(
    "/jobs/{job_id}/retry",
    summary="Try a file again",
    status_code=202,
    dependencies=[writing_is_allowed],
    responses=may_answer(401, 403, 404, 409, 422, 503),
)
def retry(job_id: int, services: UsesServices, response: Response) -> JobView:
    """A failed file is taken out of `failed/` and queued; one that waits for its next try need not wait."""
    revived = retry_now(services.place, job_id)
    response.headers["Location"] = f"/pipeline/jobs/{job_id}"
    return JobView.of(revived, services.now())


def _rate(job: Job, now: float) -> float | None:
    if job.started_at is None or not job.rows_done:
        return None
    seconds = (job.finished_at or now) - job.started_at
    return round(job.rows_done / seconds, 1) if seconds > 0 else None


def _seconds(moment: datetime | None) -> float | None:
    if moment is None:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
