"""Jobs: one row a file, worked on by whoever holds its lease."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.errors import BoreholeError, FileError, JobNotFound
from app.storage.catalog.database import Catalog
from app.storage.catalog.tables import FINISHED, Job, JobState


class LeaseLost(BoreholeError):
    """Somebody else works on this job now; whoever held the lease before must stop and change nothing."""


@dataclass(frozen=True)
class Lease:
    """The right to work on one job until `seconds` after it was last renewed."""

    job_id: int
    token: str
    seconds: float


class Jobs:
    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog

    def add(self, name: str, size_bytes: int, now: float, *, claim: str | None, path: str | None) -> int:
        """A new job for a file that lies in the folder `claim` of .processing/, or is read where it is."""
        job = Job(name=name, size_bytes=size_bytes, created_at=now, claim=claim, path=path)
        with self.catalog.writing() as session:
            session.add(job)
            session.flush()
            return job.id

    def lease_next(self, owner: str, seconds: float, now: float) -> tuple[Job, Lease] | None:
        """The oldest job that waits and is due, or whose worker let its lease lapse, if any."""
        due = or_(
            and_(Job.state.in_((JobState.QUEUED, JobState.RETRYING)), Job.not_before <= now),
            and_(Job.state == JobState.RUNNING, Job.lease_until < now),
        )
        query = select(Job).where(due).order_by(Job.id).limit(1)
        with (
            self.catalog.reading() as session
        ):  # mostly there is none: do not take the write lock to learn it
            if session.scalar(query) is None:
                return None
        with self.catalog.writing() as session:
            job = session.scalar(query)
            return (job, _lease(job, owner, seconds, now)) if job else None

    def add_leased(
        self,
        name: str,
        size_bytes: int,
        now: float,
        *,
        claim: str | None,
        path: str | None,
        owner: str,
        seconds: float,
    ) -> tuple[Job, Lease]:
        """As `add`, and ours from the first moment."""
        job = Job(name=name, size_bytes=size_bytes, created_at=now, claim=claim, path=path, attempts=0)
        with self.catalog.writing() as session:
            session.add(job)
            session.flush()
            return job, _lease(job, owner, seconds, now)

    def get(self, job_id: int) -> Job:
        with self.catalog.reading() as session:
            job = session.get(Job, job_id) if 0 < job_id < 2**63 else None
        if job is None:
            raise JobNotFound(f"there is no job {job_id}", job_id=job_id)
        return job

    def history(
        self, limit: int, *, before: int | None = None, state: JobState | None = None
    ) -> tuple[Sequence[Job], int]:
        """Jobs with ids below `before`, newest first, and how many there are in all."""
        chosen = select(Job) if state is None else select(Job).where(Job.state == state)
        page = chosen if before is None else chosen.where(Job.id < before)
        with self.catalog.reading() as session:
            total = session.scalar(select(func.count()).select_from(chosen.subquery())) or 0
            return session.scalars(page.order_by(Job.id.desc()).limit(limit)).all(), total

    def in_state(self, *states: JobState) -> Sequence[Job]:
        with self.catalog.reading() as session:
            return session.scalars(select(Job).where(Job.state.in_(states)).order_by(Job.id)).all()

    def counts(self) -> dict[str, int]:
        """How many jobs are in each state."""
        with self.catalog.reading() as session:
            counted = dict(session.execute(select(Job.state, func.count()).group_by(Job.state)).all())
        return {state.value: 0 for state in JobState} | counted

    def claims(self) -> set[str | None]:
        """The folders of .processing/ that a job answers for."""
        with self.catalog.reading() as session:
            return set(session.scalars(select(Job.claim).where(Job.claim.is_not(None))).all())

    def lease_job(self, job_id: int, owner: str, seconds: float, now: float) -> Lease:
        """This very job, which nobody works on. Raises LeaseLost where somebody does, or where it is done."""
        with self.catalog.writing() as session:
            job = session.get(Job, job_id)
            if job is None or job.state not in (JobState.QUEUED, JobState.RETRYING):
                raise LeaseLost(f"job {job_id} does not wait")
            return _lease(job, owner, seconds, now)

    def progress(self, lease: Lease, now: float, rows_done: int, rows_total: int | None) -> None:
        """Say how far the job is, and keep the lease. Raises LeaseLost."""
        with self.catalog.writing() as session:
            job = held(session, lease)
            job.lease_until = now + lease.seconds
            job.rows_done, job.rows_total = rows_done, rows_total

    def note_content(self, lease: Lease, sha256: str, size_bytes: int) -> None:
        with self.catalog.writing() as session:
            job = held(session, lease)
            job.sha256, job.size_bytes = sha256, size_bytes

    def duplicate(self, lease: Lease, now: float, image_id: int) -> None:
        with self.catalog.writing() as session:
            job = held(session, lease)
            finish(job, lease, JobState.DUPLICATE, now, [image_id])
            job.message = f"the same content is already stored as image {image_id}"

    def fail(self, lease: Lease, now: float, error: FileError) -> None:
        with self.catalog.writing() as session:
            job = held(session, lease)
            finish(job, lease, JobState.FAILED, now, [])
            job.reason, job.message = error.reason, error.message
            job.row, job.column, job.value = error.row, error.column, error.value

    def retry_later(self, lease: Lease, not_before: float, reason: str, message: str) -> None:
        """Back in line: nothing is wrong with the file. Raises LeaseLost."""
        with self.catalog.writing() as session:
            job = held(session, lease)
            job.state, job.not_before = JobState.RETRYING, not_before
            job.lease = job.lease_until = None
            job.reason, job.message = reason, message

    def put_back(self, lease: Lease, *, crashed: bool) -> int:
        """The worker is gone or was stopped: queue the job again at once. Returns its crashes so far."""
        with self.catalog.writing() as session:
            job = held(session, lease)
            job.state, job.not_before = JobState.QUEUED, 0.0
            job.lease = job.lease_until = None
            job.crashes += crashed
            return job.crashes

    def release_all_of(self, owner: str) -> None:
        """A process is no more: queue again what it worked on, and let others move the files it had finished."""
        its_own = Job.lease.startswith(f"{owner}/", autoescape=True)
        released = {"lease": None, "lease_until": None}
        with self.catalog.writing() as session:
            session.execute(
                update(Job)
                .where(its_own, Job.state == JobState.RUNNING)
                .values(state=JobState.QUEUED, not_before=0.0, **released)
            )
            session.execute(update(Job).where(its_own, Job.state.in_(FINISHED)).values(**released))

    def lease_unsettled(self, owner: str, seconds: float, now: float) -> tuple[Job, Lease] | None:
        """A finished job whose file is still to be moved and which nobody is moving, if any."""
        query = (
            select(Job)
            .where(Job.state.in_(FINISHED), Job.settled.is_(False))
            .where(or_(Job.lease_until.is_(None), Job.lease_until < now))
            .order_by(Job.id)
            .limit(1)
        )
        with self.catalog.reading() as session:
            if session.scalar(query) is None:
                return None
        with self.catalog.writing() as session:
            job = session.scalar(query)
            if job is None:
                return None
            lease = _new_lease(job.id, owner, seconds)
            job.lease, job.lease_until = lease.token, now + seconds
            return job, lease

    def reserve_target(self, lease: Lease, target: str) -> bool:
        """Whether `target`, a path below the data folder, is this job's to fill now. Raises LeaseLost."""
        try:
            with self.catalog.writing() as session:
                _finished(session, lease).target = target
        except IntegrityError:
            return False
        return True

    def settle(self, lease: Lease) -> None:
        """The file lies where it belongs: nothing is left to do. Raises LeaseLost."""
        with self.catalog.writing() as session:
            job = _finished(session, lease)
            job.settled, job.claim = True, None
            job.lease = job.lease_until = None


def _lease(job: Job, owner: str, seconds: float, now: float) -> Lease:
    lease = _new_lease(job.id, owner, seconds)
    job.state = JobState.RUNNING
    job.lease, job.lease_until = lease.token, now + seconds
    job.started_at, job.rows_done, job.rows_total = now, 0, None
    job.attempts += 1
    return lease


def held(session: Session, lease: Lease) -> Job:
    """The job of a lease that still holds; raises LeaseLost."""
    job = session.get(Job, lease.job_id)
    if job is None or job.state != JobState.RUNNING or job.lease != lease.token:
        raise LeaseLost(f"job {lease.job_id} is no longer ours")
    return job


def _finished(session: Session, lease: Lease) -> Job:
    job = session.get(Job, lease.job_id)
    if job is None or job.state not in FINISHED or job.lease != lease.token:
        raise LeaseLost(f"the file of job {lease.job_id} is no longer ours to move")
    return job


def _new_lease(job_id: int, owner: str, seconds: float) -> Lease:
    return Lease(job_id, f"{owner}/{secrets.token_hex(8)}", seconds)


def finish(job: Job, lease: Lease, state: JobState, now: float, image_ids: list[int]) -> None:
    """The job has its result; the lease goes on, for its file to be moved."""
    job.state, job.finished_at, job.image_ids = state, now, image_ids
    job.lease_until = now + lease.seconds
    job.reason = job.message = None
