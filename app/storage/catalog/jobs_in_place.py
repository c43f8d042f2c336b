"""Jobs for files that are read where they lie, one or some hundred at once, and found again by their path."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from app.storage.catalog.database import Catalog
from app.storage.catalog.events import announce_job
from app.storage.catalog.leases import Lease
from app.storage.catalog.pipeline import is_hosted_by
from app.storage.catalog.tables import IS_UNSETTLED, Job
from app.storage.catalog.transitions import begin


@dataclass(frozen=True)
class FileInPlace:
    """path: absolute, or a URI. name: what its job and its images are called.

    version: another once the file is another, such as its size and the time of its last change.
    """

    path: str
    name: str
    size_bytes: int
    version: str


class JobsInPlace:
    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog

    def add(self, files: Sequence[FileInPlace], now: float, *, host: str | None = None) -> list[int]:
        """A job for each, all of them or none, and their ids.

        host: who must be hosting the pipeline, or none is added: another would find the same files, and add them.
        """
        jobs = [_job(file, now) for file in files]
        with self.catalog.writing() as session:
            if host is not None and not is_hosted_by(session, host):
                return []
            session.add_all(jobs)
            session.flush()
            for job in jobs:
                announce_job(session, job)
            return [job.id for job in jobs]

    def take(self, file: FileInPlace, owner: str, seconds: float, now: float) -> tuple[Job, Lease]:
        """A job that is ours from the first moment."""
        job = _job(file, now)
        with self.catalog.writing() as session:
            session.add(job)
            session.flush()
            lease = begin(job, owner, seconds, now)
            announce_job(session, job)
            return job, lease

    def newest_of(self, paths: Collection[str]) -> dict[str, Job]:
        """The latest job of each of these paths that had one."""
        query = select(Job).where(Job.path.in_(paths)).order_by(Job.id)
        with self.catalog.reading() as session:
            return {job.path: job for job in session.scalars(query) if job.path is not None}

    def unsettled_versions(self) -> set[tuple[str, str | None]]:
        """Path and version of every file whose job is not over yet, or is and has not been told everywhere."""
        query = select(Job.path, Job.file_version).where(IS_UNSETTLED, Job.path.is_not(None))
        with self.catalog.reading() as session:
            return {(path or "", version) for path, version in session.execute(query)}

    def having(self, job_ids: Collection[int]) -> Sequence[Job]:
        """Those of these jobs that there are."""
        with self.catalog.reading() as session:
            return session.scalars(select(Job).where(Job.id.in_(job_ids)).order_by(Job.id)).all()


def _job(file: FileInPlace, now: float) -> Job:
    return Job(
        name=file.name,
        size_bytes=file.size_bytes,
        created_at=now,
        path=file.path,
        file_version=file.version,
        attempts=0,
    )
