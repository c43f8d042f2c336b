"""What a worker is given to do: a job, or a share in one: a part, the hash, the end. Each has a label to show."""

from __future__ import annotations

from dataclasses import dataclass

from app.ingestion.fingerprint import Fingerprint
from app.ingestion.parts import StoredPart
from app.pipeline.attempt import Divided
from app.pipeline.job import Unrecorded, finish_job, hash_job, run_job, run_part
from app.pipeline.workplace import Workplace
from app.storage.catalog.leases import Lease
from app.storage.catalog.tables import Job


@dataclass(frozen=True)
class WholeJob:
    """workers: how many there are to share a long file.

    abandoned: the image that an attempt in parts had begun; it failed, and the file is not divided again.
    """

    job: Job
    lease: Lease
    workers: int = 1
    abandoned: int | None = None

    @property
    def label(self) -> str:
        return f"file-{self.job.name}"

    def run(self, place: Workplace) -> Divided | Unrecorded | None:
        return run_job(place, self.job, self.lease, workers=self.workers, abandoned=self.abandoned)


@dataclass(frozen=True)
class PartOfJob:
    divided: Divided
    number: int

    @property
    def lease(self) -> Lease:
        return self.divided.lease

    @property
    def label(self) -> str:
        return f"part-{self.divided.job.name}-{self.number + 1}"

    def run(self, place: Workplace) -> StoredPart | None:
        return run_part(place, self.divided, self.number)


@dataclass(frozen=True)
class HashOfJob:
    divided: Divided

    @property
    def lease(self) -> Lease:
        return self.divided.lease

    @property
    def label(self) -> str:
        return f"hash-{self.divided.job.name}"

    def run(self, place: Workplace) -> Fingerprint | None:
        return hash_job(place, self.divided)


@dataclass(frozen=True)
class EndOfJob:
    divided: Divided
    content: Fingerprint
    parts: tuple[StoredPart, ...]

    @property
    def lease(self) -> Lease:
        return self.divided.lease

    @property
    def label(self) -> str:
        return f"end-{self.divided.job.name}"

    def run(self, place: Workplace) -> bool | Unrecorded:
        return finish_job(place, self.divided, self.content, self.parts)


Shared = HashOfJob | PartOfJob | EndOfJob
Step = WholeJob | Shared
