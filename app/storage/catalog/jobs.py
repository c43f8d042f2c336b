"""Jobs: one row a file, worked on by whoever holds its lease."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import ColumnElement, and_, func, not_, or_, select
from sqlalchemy.exc import IntegrityError

from app.errors import FileError, JobNotFound, LeaseLost
from app.storage.catalog.database import Catalog
from app.storage.catalog.events import announce_job
from app.storage.catalog.jobs_in_place import FileInPlace
from app.storage.catalog.leases import Lease, held, held_finished, new_lease
from app.storage.catalog.tables import IS_UNFINISHED, IS_UNSETTLED, UNFINISHED, Image, Job, JobState
from app.storage.catalog.transitions import begin, fail, finish, wait


class Jobs:
    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog

    def add(
        self,
        name: str,
        size_bytes: int,
        now: float,
        *,
        claim: str | None,
        path: str | None,
        check: Callable[[], object] = lambda: None,
    ) -> int:
        """A new job for a file that lies in the folder `claim` of .processing/, or is read where it is.

        check: called once the catalog is ours to write, which may take long; where it raises there is no job.
        """
        job = Job(name=name, size_bytes=size_bytes, created_at=now, claim=claim, path=path)
        with self.catalog.writing() as session:
            check()
            session.add(job)
            announce_job(session, job)
            return job.id

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
        check: Callable[[], object] = lambda: None,
    ) -> tuple[Job, Lease]:
        """As `add`, and ours from the first moment."""
        job = Job(name=name, size_bytes=size_bytes, created_at=now, claim=claim, path=path, attempts=0)
        with self.catalog.writing() as session:
            check()
            session.add(job)
            session.flush()
            lease = begin(job, owner, seconds, now)
            announce_job(session, job)
            return job, lease

    def get(self, job_id: int) -> Job:
        """Raises JobNotFound."""
        with self.catalog.reading() as session:
            job = session.get(Job, job_id) if 0 < job_id < 2**63 else None
        if job is None:
            raise JobNotFound(f"there is no job {job_id}", job_id=job_id)
        return job

    def claims(self) -> set[str | None]:
        """The folders of .processing/ that a job answers for."""
        with self.catalog.reading() as session:
            return set(session.scalars(select(Job.claim).where(Job.claim.is_not(None))).all())

    def lease_next(
        self, owner: str, seconds: float, now: float, landing_uri: str | None = None
    ) -> tuple[Job, Lease] | None:
        """The oldest job that waits and is due, or whose worker let its lease lapse, if any.

        Files read where they lie come last, but for those of the landing zone: nobody who drops one waits behind
        ten thousand.
        """
        due = or_(
            and_(Job.state.in_((JobState.QUEUED, JobState.RETRYING)), Job.not_before <= now),
            and_(Job.state == JobState.RUNNING, Job.lease_until < now),
        )
        comes_last: ColumnElement[bool] = Job.file_version.is_not(None)
        if landing_uri is not None:
            comes_last &= not_(Job.path.startswith(f"{landing_uri.rstrip('/')}/", autoescape=True))
        query = select(Job).where(IS_UNFINISHED, due).order_by(comes_last, Job.id).limit(1)
        # Mostly there is none: do not take the write lock to learn it.
        with self.catalog.reading() as session:
            if session.scalar(query) is None:
                return None
        with self.catalog.writing() as session:
            job = session.scalar(query.with_for_update(skip_locked=True))
            if job is None:
                return None
            lease = begin(job, owner, seconds, now)
            announce_job(session, job)
            return job, lease

    def progress(self, lease: Lease, now: float, rows_done: int, rows_total: int | None) -> None:
        """Say how far the job is, and keep the lease. Raises LeaseLost."""
        with self.catalog.writing(durable=False) as session:
            job = held(session, lease)
            job.lease_until = now + lease.seconds
            job.rows_done, job.rows_total = rows_done, rows_total
            announce_job(session, job)

    def renew(self, leases: Sequence[Lease], now: float) -> None:
        """Whoever holds these is alive, whether or not they have anything to say."""
        if not leases:
            return
        seconds = {lease.token: lease.seconds for lease in leases}
        ours = select(Job).where(Job.id.in_([lease.job_id for lease in leases]), Job.lease.in_(seconds))
        with self.catalog.writing(durable=False) as session:
            for job in session.scalars(ours.order_by(Job.id).with_for_update()):
                job.lease_until = now + seconds[job.lease or ""]

    def note_content(self, lease: Lease, sha256: str, size_bytes: int) -> None:
        """What the file is, as soon as that is known. Raises LeaseLost."""
        with self.catalog.writing() as session:
            job = held(session, lease)
            job.sha256, job.size_bytes = sha256, size_bytes

    def duplicate(self, lease: Lease, now: float, image_ids: Sequence[int]) -> bool:
        """Whether there are all these images; else the job goes on. Raises LeaseLost."""
        existing = select(func.count(Image.id)).where(Image.id.in_(image_ids), Image.deleted_at.is_(None))
        with self.catalog.writing() as session:
            job = held(session, lease)
            if session.scalar(existing) != len(image_ids):
                return False
            finish(job, lease, JobState.DUPLICATE, now, list(image_ids))
            images = f"image{'s' if len(image_ids) > 1 else ''} {', '.join(map(str, image_ids))}"
            job.message = f"the same content is already stored as {images}"
            announce_job(session, job)
            return True

    def fail(self, lease: Lease, now: float, error: FileError) -> None:
        """Raises LeaseLost."""
        with self.catalog.writing() as session:
            job = held(session, lease)
            fail(job, lease, now, error)
            announce_job(session, job)

    def retry_later(self, lease: Lease, not_before: float, reason: str, message: str) -> None:
        """Back in line: nothing is wrong with the file. Raises LeaseLost."""
        with self.catalog.writing() as session:
            job = held(session, lease)
            wait(job, JobState.RETRYING, not_before)
            job.reason, job.message = reason, message
            announce_job(session, job)

    def put_back(self, lease: Lease) -> None:
        """The worker was stopped in order: the job is queued as if it had not begun. Raises LeaseLost."""
        with self.catalog.writing() as session:
            job = held(session, lease)
            wait(job, JobState.QUEUED, 0.0)
            job.attempts -= 1
            announce_job(session, job)

    def count_crash(self, lease: Lease) -> None:
        """A worker died over a share of this job, which is done again. Raises LeaseLost."""
        with self.catalog.writing() as session:
            held(session, lease).crashes += 1

    def charge(
        self,
        lease: Lease,
        now: float,
        blame: Callable[[int], FileError],
        delay: Callable[[int], float | None],
        crashes: int = 1,
    ) -> JobState:
        """The worker died over this job, or met an error of its own: the job waits for its next try, or fails.

        blame, delay: what is said of the file, and the seconds to wait, after so many crashes; None where it has
        had its last try. Raises LeaseLost.
        """
        with self.catalog.writing() as session:
            job = held(session, lease)
            job.crashes += crashes
            error, seconds = blame(job.crashes), delay(job.crashes)
            if seconds is None:
                fail(job, lease, now, error)
            else:
                wait(job, JobState.RETRYING, now + seconds)
                job.reason, job.message = error.reason, error.message
            announce_job(session, job)
            return JobState(job.state)

    def release_all_of(self, owner: str) -> None:
        """A process is no more: queue again what it worked on, and let others move the files it had finished."""
        its_own = select(Job).where(Job.lease.startswith(f"{owner}/", autoescape=True))
        with self.catalog.writing() as session:
            for job in session.scalars(its_own.order_by(Job.id).with_for_update()).all():
                if job.state == JobState.RUNNING:
                    wait(job, JobState.QUEUED, 0.0)
                    announce_job(session, job)
                else:
                    job.lease = job.lease_until = None

    def revive(self, job_id: int, claim: str | None, in_place: FileInPlace | None = None) -> Job:
        """Try a failed job's file again, which lies in `claim` now, or is read in place; a waiting job at once.

        Raises JobNotFound, LeaseLost where somebody was quicker.
        """
        with self.catalog.writing() as session:
            job = session.get(Job, job_id, with_for_update=True)
            if job is None:
                raise JobNotFound(f"there is no job {job_id}", job_id=job_id)
            if claim is None and in_place is None:
                if job.state != JobState.RETRYING:
                    raise LeaseLost(f"job {job_id} no longer waits")
            elif job.state != JobState.FAILED or not job.settled:
                raise LeaseLost(f"job {job_id} is no longer failed")
            else:
                job.claim, job.path, job.file_version = claim, None, None
                if in_place is not None:
                    job.path, job.file_version = in_place.path, in_place.version
                    job.size_bytes = in_place.size_bytes
                job.target, job.settled = None, False
                job.crashes = job.attempts = 0
                job.finished_at = job.row = job.column = job.value = None
            job.reason = job.message = None
            wait(job, JobState.QUEUED, 0.0)
            announce_job(session, job)
            return job

    def lease_unsettled(self, owner: str, seconds: float, now: float) -> tuple[Job, Lease] | None:
        """A finished job whose file is still to be moved and which nobody is moving, if any."""
        query = (
            select(Job)
            .where(IS_UNSETTLED, Job.state.not_in(UNFINISHED))
            .where(or_(Job.lease_until.is_(None), Job.lease_until < now))
            .order_by(Job.id)
            .limit(1)
        )
        with self.catalog.reading() as session:
            if session.scalar(query) is None:
                return None
        with self.catalog.writing() as session:
            job = session.scalar(query.with_for_update(skip_locked=True))
            if job is None:
                return None
            lease = new_lease(job.id, owner, seconds)
            job.lease, job.lease_until = lease.token, now + seconds
            return job, lease

    def reserve_target(self, lease: Lease, target: str) -> bool:
        """Whether `target`, a path below the data folder or a URI, is this job's to fill now. Raises LeaseLost."""
        try:
            with self.catalog.writing() as session:
                held_finished(session, lease).target = target
        except IntegrityError:
            return False
        return True

    def settle(self, lease: Lease) -> None:
        """The file lies where it belongs: nothing is left to do. Raises LeaseLost."""
        with self.catalog.writing() as session:
            job = held_finished(session, lease)
            job.settled, job.claim = True, None
            job.lease = job.lease_until = None
            announce_job(session, job)

    def settle_later(self, lease: Lease, not_before: float) -> None:
        """The file could not be moved: nobody is to try again before this moment. Raises LeaseLost."""
        with self.catalog.writing() as session:
            job = held_finished(session, lease)
            job.lease, job.lease_until = None, not_before
