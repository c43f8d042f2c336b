"""Uploads in the bucket of the landing zone: no disk is shared between who receives a file and who reads it.

Each lies at `.uploads/<token>/<name>` below the zone, where no look takes it for a file that has landed. Its key
is never used for another, so its job names no version of it.
"""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from app.errors import CatalogUnavailable, CommitUncertain, StorageUnavailable
from app.pipeline.buckets import bucket_at
from app.pipeline.names import is_ignored
from app.pipeline.workplace import Workplace
from app.storage.catalog.jobs_in_place import FileInPlace, JobsInPlace

if TYPE_CHECKING:  # boto3 is for those who have a bucket
    from app.storage.arrays.bucket import Bucket

log = logging.getLogger("borehole.pipeline")

UPLOADS = ".uploads"

UNASKED_SECONDS = 3600.0
"""For which an upload without a job is left to whoever received it."""

MOST_AT_ONCE = 400

_KEY = re.compile(rf"{re.escape(UPLOADS)}/[0-9a-f]{{16}}/([^/]+)")


@dataclass(frozen=True)
class IntoBucket:
    """uri: of the landing zone."""

    place: Workplace
    uri: str

    def queue(self, draft: Path, name: str) -> int:
        """Raises StorageUnavailable, CatalogUnavailable, OSError; nothing is left in the bucket then, mostly."""
        bucket = bucket_at(self.uri)
        key = f"{UPLOADS}/{secrets.token_hex(8)}/{name}"
        size_bytes = draft.stat().st_size
        bucket.upload(key, draft)
        try:
            return self.place.jobs.add(name, size_bytes, time.time(), claim=None, path=f"{bucket.uri}/{key}")
        except CommitUncertain:  # there may be a job
            raise
        except CatalogUnavailable:
            with suppress(StorageUnavailable):  # else it will have a job in the end
                bucket.delete([key])
            raise


def uploads_without_jobs(bucket: Bucket, jobs: JobsInPlace) -> Iterator[FileInPlace]:
    """Their process died before it made one, or the catalog is an older one by now.

    Raises StorageUnavailable, CatalogUnavailable.
    """
    moment = datetime.fromtimestamp(time.time() - UNASKED_SECONDS, UTC)
    old = (found for found in bucket.unchanged_since(moment, f"{UPLOADS}/") if _is_upload(found.key))
    while some := list(islice(old, MOST_AT_ONCE)):
        uris = {found.key: f"{bucket.uri}/{found.key}" for found in some}
        # Asked after the listing: whatever has a job by then is not touched.
        known = jobs.newest_of(uris.values())
        for found in some:
            if uris[found.key] not in known:
                name = found.key.rpartition("/")[2]
                yield FileInPlace(uris[found.key], name, found.size_bytes, found.version)


def _is_upload(key: str) -> bool:
    found = _KEY.fullmatch(key)
    return found is not None and not is_ignored(found[1])
