"""Files of the landing zone whose jobs have ended: to processed/ or failed/ below it, with the reason beside them.

S3 knows no rename: an object is copied, and then deleted. Every step may be repeated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.pipeline.buckets import bucket_at
from app.pipeline.names import ERROR_SUFFIX, free_names
from app.pipeline.reporting import report_on, report_text
from app.pipeline.sidecars import names_of_sidecar
from app.pipeline.uploads_in_bucket import UPLOADS
from app.pipeline.workplace import Workplace
from app.settings import Settings
from app.storage.catalog.leases import Lease
from app.storage.catalog.tables import Job, JobState

if TYPE_CHECKING:  # boto3 is for those who have a bucket
    from app.storage.arrays.bucket import Bucket

FAILED = "failed"
PROCESSED = "processed"


def has_landed(settings: Settings, job: Job) -> bool:
    """Whether the job's file lies in the landing zone itself, among its uploads, or in its failed/."""
    zone = f"{(settings.landing_uri or '').rstrip('/')}/"
    if settings.landing_uri is None or job.path is None or not job.path.startswith(zone):
        return False
    folder, _, name = job.path.removeprefix(zone).rpartition("/")
    return bool(name) and (folder in ("", FAILED) or folder.rpartition("/")[0] == UPLOADS)


def move_on(place: Workplace, job: Job, lease: Lease) -> None:
    """An ended job's object to where it belongs.

    An object that is another by now stays: it has, or will have, a job of its own.
    Raises LeaseLost, StorageUnavailable, CatalogUnavailable.
    """
    assert job.path is not None and place.settings.landing_uri is not None
    bucket = bucket_at(place.settings.landing_uri)
    key = job.path.removeprefix(f"{bucket.uri}/")
    found = bucket.look_at(key)
    if found is None or job.file_version not in (None, found.version):
        return
    target = _reserved(place, bucket, job, lease, key)
    if job.state == JobState.FAILED:
        bucket.put(target + ERROR_SUFFIX, report_text(report_on(job)).encode())
    if target == key:  # it was tried again, and failed again
        return
    folder, slash, name = key.rpartition("/")
    beside = (folder + slash + each for each in names_of_sidecar(name))
    description = next((each for each in beside if bucket.has(each)), None)
    if description is not None:
        bucket.copy(description, f"{target}.json")
    bucket.copy(key, target)
    still = bucket.look_at(key)
    if still is not None and still.version == found.version:
        _remove(bucket, key, [] if description is None else [description])


def _reserved(place: Workplace, bucket: Bucket, job: Job, lease: Lease, key: str) -> str:
    """The key it is to have, which is this job's alone to fill until it is settled."""
    folder = FAILED if job.state == JobState.FAILED else PROCESSED
    for name in free_names(key.rpartition("/")[2], ERROR_SUFFIX):
        target = f"{folder}/{name}"
        uri = f"{bucket.uri}/{target}"
        if job.target == uri:
            return target
        if (target == key or not bucket.has(target)) and place.jobs.reserve_target(lease, uri):
            return target
    raise AssertionError("free_names never ends")


def _remove(bucket: Bucket, key: str, companions: list[str]) -> None:
    """Those first: without the object itself, nobody would come back for them."""
    if key.startswith(f"{FAILED}/"):
        companions = [*companions, key + ERROR_SUFFIX]
    if companions:
        bucket.delete(companions)
    bucket.delete([key])
