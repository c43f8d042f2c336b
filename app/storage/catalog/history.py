"""All jobs together: what is under way, and what became of every file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, delete, func, select

from app.storage.catalog import job_counts
from app.storage.catalog.database import Catalog
from app.storage.catalog.tables import FINISHED, IS_UNFINISHED, IS_UNSETTLED, UNFINISHED, Job, JobState


@dataclass(frozen=True)
class JobFilter:
    """name: a part of the file's name, in any case. since, until: of the job's creation, in seconds, UTC."""

    state: JobState | None = None
    name: str | None = None
    since: float | None = None
    until: float | None = None

    def chosen(self) -> Select[Job]:
        query = select(Job)
        if self.state is not None:
            query = query.where(Job.state == self.state)
        if self.name is not None:
            query = query.where(Job.name.icontains(self.name, autoescape=True))
        if self.since is not None:
            query = query.where(Job.created_at >= self.since)
        if self.until is not None:
            query = query.where(Job.created_at <= self.until)
        return query


class History:
    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog

    def page(
        self, limit: int, *, before: int | None = None, chosen: JobFilter = JobFilter()
    ) -> tuple[Sequence[Job], int]:
        """Jobs with ids below `before`, newest first, and how many there are in all."""
        query = chosen.chosen()
        page = query if before is None else query.where(Job.id < before)
        with self.catalog.reading() as session:
            if chosen == JobFilter(chosen.state):
                counts = job_counts.counts(session)
                total = sum(counts.values()) if chosen.state is None else counts[chosen.state]
            else:
                total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
            return session.scalars(page.order_by(Job.id.desc()).limit(limit)).all(), total

    def in_state(self, *states: JobState) -> Sequence[Job]:
        with self.catalog.reading() as session:
            return session.scalars(select(Job).where(Job.state.in_(states)).order_by(Job.id)).all()

    def counts(self) -> dict[str, int]:
        """How many jobs are in each state."""
        with self.catalog.reading() as session:
            return job_counts.counts(session)

    def recount(self) -> None:
        """Count the ended jobs anew, whatever was done to the table from outside."""
        with self.catalog.writing() as session:
            self.catalog.lock_last(session)
            job_counts.recount(session)

    def waiting_since(self) -> float | None:
        """When the file came that waits longest to be taken up, in seconds, UTC; None where none waits."""
        waits = Job.state.in_((JobState.QUEUED, JobState.RETRYING))
        with self.catalog.reading() as session:
            return session.scalar(select(func.min(Job.created_at)).where(IS_UNFINISHED, waits))

    def last_stored_at(self) -> float | None:
        """When a file last became an image, in seconds, UTC."""
        with self.catalog.reading() as session:
            return session.scalar(select(func.max(Job.finished_at)).where(Job.state == JobState.STORED))

    def unsettled(self) -> int:
        """How many files of finished jobs still lie in .processing/."""
        query = select(func.count()).where(IS_UNSETTLED, Job.state.not_in(UNFINISHED))
        with self.catalog.reading() as session:
            return session.scalar(query) or 0

    def last_to_fill(self, target: str) -> int | None:
        """The job whose file lay at this path below the data folder last."""
        query = select(Job.id).where(Job.target == target).order_by(Job.finished_at.desc(), Job.id.desc())
        with self.catalog.reading() as session:
            return session.scalar(query.limit(1))

    def prune(self, finished_before: float) -> int:
        """Forget jobs that ended, and whose file was moved, before this moment. Returns how many."""
        ended = Job.state.in_(FINISHED) & (Job.finished_at < finished_before)  # as they are indexed
        query = delete(Job).where(ended, Job.settled.is_(True)).returning(Job.state)
        with self.catalog.writing() as session:
            states = session.scalars(query).all()
            job_counts.note_deleted(session, states)
            return len(states)
