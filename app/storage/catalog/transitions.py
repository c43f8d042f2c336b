"""A job's way from state to state: changes of its row, in the transaction of whoever holds it."""

from __future__ import annotations

from app.errors import FileError
from app.storage.catalog.leases import Lease, new_lease
from app.storage.catalog.tables import Job, JobState


def begin(job: Job, owner: str, seconds: float, now: float) -> Lease:
    lease = new_lease(job.id, owner, seconds)
    job.state = JobState.RUNNING
    job.lease, job.lease_until = lease.token, now + seconds
    job.started_at, job.rows_done, job.rows_total = now, 0, None
    job.attempts += 1
    return lease


def wait(job: Job, state: JobState, not_before: float) -> None:
    job.state, job.not_before = state, not_before
    job.lease = job.lease_until = None


def fail(job: Job, lease: Lease, now: float, error: FileError) -> None:
    finish(job, lease, JobState.FAILED, now, [])
    job.reason, job.message = error.reason, error.message
    job.row, job.column, job.value = error.row, error.column, error.value


def finish(job: Job, lease: Lease, state: JobState, now: float, image_ids: list[int]) -> None:
    """The job has its result; the lease goes on, for its file to be moved."""
    job.state, job.finished_at, job.image_ids = state, now, image_ids
    job.lease_until = now + lease.seconds
    job.reason = job.message = None
