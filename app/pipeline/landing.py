"""A landing zone in a bucket: objects put there are found by listing.

The claim is the job: it names the object's key and version, and as long as it is not settled nobody makes another
for that version. What is in work is not moved out of the way: what moves nothing cannot be cut short.
"""

from __future__ import annotations

import logging
import time

from app.pipeline.buckets import bucket_at
from app.pipeline.names import is_ignored
from app.pipeline.uploads_in_bucket import uploads_without_jobs
from app.pipeline.workplace import Workplace
from app.storage.catalog.jobs_in_place import FileInPlace, JobsInPlace

log = logging.getLogger("borehole.pipeline")

MOST_AT_ONCE = 400
"""Objects that one look makes jobs of; the next is due at once then."""

BETWEEN_LOOKS_AT_UPLOADS_SECONDS = 3600.0


class LandingZone:
    """Looked at by the pipeline's host alone. uri: `s3://bucket/prefix`; folders below it are left alone."""

    def __init__(self, place: Workplace, uri: str, every_seconds: float, host: str) -> None:
        self.jobs = JobsInPlace(place.catalog)
        self.every_seconds = every_seconds
        self.uri = uri
        self.host = host
        self.next_look = self.next_look_at_uploads = float("-inf")

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
        if now >= self.next_look_at_uploads:
            self.next_look_at_uploads = now + BETWEEN_LOOKS_AT_UPLOADS_SECONDS
            new = [*uploads_without_jobs(bucket, self.jobs), *new]
        if len(new) > MOST_AT_ONCE:
            self.next_look = now
        added = self.jobs.add(new[:MOST_AT_ONCE], time.time(), host=self.host) if new else []
        if added:
            log.info("%s files found in %s", len(added), bucket.uri)
        return len(added)
