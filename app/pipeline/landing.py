"""A landing zone in a bucket: objects put there are found by listing, read, and moved to processed/ or failed/.

The claim is the job: it names the object's key and version, and as long as it is not settled nobody makes another
for that version. S3 knows no rename, and what moves nothing cannot be cut short; only once all is over is the
object copied, and then deleted. Every step may be repeated.
"""

from __future__ import annotations

import json
import logging
import time

from app.pipeline.buckets import bucket_at
from app.pipeline.names import ERROR_SUFFIX, free_names, is_ignored
from app.pipeline.reporting import report_on
from app.pipeline.sidecars import names_of_sidecar
from app.pipeline.workplace import Workplace
from app.settings import Settings
from app.storage.catalog.jobs_in_place import FileInPlace, JobsInPlace
from app.storage.catalog.leases import Lease
from app.storage.catalog.tables import Job, JobState

log = logging.getLogger("borehole.pipeline")

MOST_AT_ONCE = 400
"""Objects that one look makes jobs of; the next is due at once then."""


class LandingZone:
    """Looked at by the pipeline's host alone. uri: `s3://bucket/prefix`; folders below it are left alone."""

    def __init__(self, place: Workplace, uri: str, every_seconds: float, host: str) -> None:
        self.jobs = JobsInPlace(place.catalog)
        self.every_seconds = every_seconds
        self.uri = uri
        self.host = host
        self.next_look = float("-inf")

    @property
    def is_due(self) -> bool:
        return time.monotonic() >= self.next_look

    def look(self) -> int:
        """Make jobs of what has come, unless another process hosts the pipeline by now; how many.

        Raises StorageUnavailable, CatalogUnavailable.
        """
        now = time.monotonic()
        self.next_look = now + self.every_seconds
        # Asked before the listing: what is settled after that may still be listed, and must not be taken again.
        taken = self.jobs.unsettled_versions()
        bucket = bucket_at(self.uri)
        new = [
            FileInPlace(f"{bucket.uri}/{found.key}", found.key, found.size_bytes, found.version)
            for found in bucket.outside_folders()
            if found.key and not is_ignored(found.key)
            if (f"{bucket.uri}/{found.key}", found.version) not in taken
        ]
        if len(new) > MOST_AT_ONCE:
            self.next_look = now
        added = self.jobs.add(new[:MOST_AT_ONCE], time.time(), host=self.host) if new else []
        if added:
            log.info("%s files found in %s", len(added), bucket.uri)
        return len(added)


def has_landed(settings: Settings, job: Job) -> bool:
    """Whether the job's file lies in the landing zone itself."""
    if settings.landing_uri is None or job.path is None:
        return False
    folder, _, name = job.path.rpartition("/")
    return bool(name) and folder == settings.landing_uri.rstrip("/")


def move_on(place: Workplace, job: Job, lease: Lease) -> None:
    """An ended job's object to processed/ or failed/ below the landing zone, with the reason beside it.

    An object that is another by now stays: it has, or will have, a job of its own.
    Raises LeaseLost, StorageUnavailable, CatalogUnavailable.
    """
    assert job.path is not None and place.settings.landing_uri is not None
    bucket = bucket_at(place.settings.landing_uri)
    name = job.path.removeprefix(f"{bucket.uri}/")
    found = bucket.look_at(name)
    if found is None or found.version != job.file_version:
        return
    folder = "failed" if job.state == JobState.FAILED else "processed"
    for free in free_names(name, ERROR_SUFFIX):
        target = f"{folder}/{free}"
        uri = f"{bucket.uri}/{target}"
        if job.target != uri and (bucket.has(target) or not place.jobs.reserve_target(lease, uri)):
            continue
        if job.state == JobState.FAILED:
            bucket.put(
                target + ERROR_SUFFIX, json.dumps(report_on(job), indent=2, ensure_ascii=False).encode()
            )
        description = next((each for each in names_of_sidecar(name) if bucket.has(each)), None)
        if description is not None:
            bucket.copy(description, f"{target}.json")
        bucket.copy(name, target)
        still = bucket.look_at(name)
        if still is not None and still.version == found.version:
            bucket.delete([name] if description is None else [name, description])
        return
