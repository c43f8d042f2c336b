"""What a worker is given to do: a job, or a share in one: a part, the hash, the end."""

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
    """abandoned: the image that an attempt in parts had begun; it failed, and the file is not divided again."""

    job: Job
    lease: Lease
    abandoned: int | None = None

    def run(self, place: Workplace) -> Divided | Unrecorded | None:
        workers = place.settings.ingest_workers if self.abandoned is None else 1
        return run_job(place, self.job, self.lease, workers=workers, abandoned=self.abandoned)


@dataclass(frozen=True)
class PartOfJob:
    divided: Divided
    number: int

    @property
    def lease(self) -> Lease:
        return self.divided.lease

    def run(self, place: Workplace) -> StoredPart | None:
        return run_part(place, self.divided, self.number)


@dataclass(frozen=True)
class HashOfJob:
    divided: Divided

    @property
    def lease(self) -> Lease:
        return self.divided.lease

    def run(self, place: Workplace) -> Fingerprint | None:
        return hash_job(self.divided)


@dataclass(frozen=True)
class EndOfJob:
    divided: Divided
    content: Fingerprint
    parts: tuple[StoredPart, ...]

    @property
    def lease(self) -> Lease:
        return self.divided.lease

    def run(self, place: Workplace) -> bool | Unrecorded:
        return finish_job(place, self.divided, self.content, self.parts)


Shared = HashOfJob | PartOfJob | EndOfJob
Step = WholeJob | Shared
