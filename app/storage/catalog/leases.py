"""Leases: the right of one worker to work on one job, for a time."""

from __future__ import annotations

import os
import secrets
import socket
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.errors import LeaseLost
from app.storage.catalog.tables import FINISHED, Job, JobState

LEASE_SECONDS = 60.0
RENEWAL_SECONDS = 10.0


@dataclass(frozen=True)
class Lease:
    """The right to work on one job until `seconds` after it was last renewed."""

    job_id: int
    token: str
    seconds: float

    @property
    def owner(self) -> str:
        """The process that vouches for it."""
        return self.token.rpartition("/")[0]


def this_process() -> str:
    """A name for leases to be held in, never used before or again."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"


def new_lease(job_id: int, owner: str, seconds: float) -> Lease:
    """owner: the process that vouches for it; if that dies, `Jobs.release_all_of` frees all its leases."""
    return Lease(job_id, f"{owner}/{secrets.token_hex(8)}", seconds)


def held(session: Session, lease: Lease) -> Job:
    """The running job of a lease that still holds, and will until the transaction ends. Raises LeaseLost."""
    job = session.get(Job, lease.job_id, with_for_update=True)
    if job is None or job.state != JobState.RUNNING or job.lease != lease.token:
        raise LeaseLost(f"job {lease.job_id} is no longer ours")
    return job


def held_finished(session: Session, lease: Lease) -> Job:
    """The same for a finished job, whose file is to be moved. Raises LeaseLost."""
    job = session.get(Job, lease.job_id, with_for_update=True)
    if job is None or job.state not in FINISHED or job.lease != lease.token:
        raise LeaseLost(f"the file of job {lease.job_id} is no longer ours to move")
    return job
