"""Trying again: when by itself, and at once when asked to."""

from __future__ import annotations

from app.errors import LeaseLost, NothingToRetry
from app.pipeline.buckets import bucket_at, split_uri
from app.pipeline.landed import has_landed
from app.pipeline.names import ERROR_SUFFIX
from app.pipeline.workplace import Workplace
from app.storage.catalog.jobs_in_place import FileInPlace, JobsInPlace
from app.storage.catalog.tables import Job, JobState

FIRST_DELAY_SECONDS = 2.0
LONGEST_DELAY_SECONDS = 300.0
CRASHES_BEFORE_FAILING = 3
"""How often a file may end its worker, or meet an error of ours; waiting for storage is not held against it."""


def retry_delay(attempts: int) -> float:
    """Seconds to wait after the n-th attempt: 2, 4, 8 … up to 300."""
    return float(min(FIRST_DELAY_SECONDS * 2 ** min(attempts - 1, 20), LONGEST_DELAY_SECONDS))


def delay_after_crash(crashes: int) -> float | None:
    """Seconds to wait; None where the file has had its last try."""
    return retry_delay(crashes) if crashes < CRASHES_BEFORE_FAILING else None


def retry_now(place: Workplace, job_id: int) -> Job:
    """Queue a job that failed, or that waits for its next try. Raises JobNotFound, NothingToRetry."""
    job = place.jobs.get(job_id)
    try:
        if job.state == JobState.RETRYING:
            return place.jobs.revive(job_id, None)
        if job.state != JobState.FAILED:
            raise NothingToRetry(
                f"job {job_id} is {job.state}: only what failed can be tried again", state=job.state
            )
        return _revive_failed(place, job)
    except LeaseLost as lost:
        raise NothingToRetry(str(lost)) from lost


def _revive_failed(place: Workplace, job: Job) -> Job:
    is_landed = has_landed(place.settings, job)
    way_in = "copy it into the landing zone" if is_landed else "copy it into the data folder"
    if job.path is not None and not is_landed:
        raise NothingToRetry(
            f"{job.name} was ingested by hand from where it lies: run `./run_ingestion.sh` on it again"
        )
    if not job.settled:
        raise NothingToRetry(f"{job.name} is still on its way to failed/: try again in a minute")
    if job.target is None:
        raise NothingToRetry(f"{job.name} was removed before it was read: {way_in}")
    if place.history.last_to_fill(job.target) != job.id:
        raise NothingToRetry(f"{job.target} is another file by now; as for {job.name}, {way_in}")
    if is_landed:
        return _revive_in_place(place, job, job.target)
    failed = place.folders.data / job.target
    claim = place.folders.adopt(failed, failed.name)
    if claim is None:
        raise NothingToRetry(f"{job.target} is no longer there: copy the file into the data folder")
    # A death here leaves a claim without a job: the file goes back into the data folder and gets a new one.
    revived = place.jobs.revive(job.id, claim.token)
    failed.with_name(failed.name + ERROR_SUFFIX).unlink(missing_ok=True)
    return revived


def _revive_in_place(place: Workplace, job: Job, uri: str) -> Job:
    """It is read where it lies in failed/, and moved, with its report taken away, once that has gone well."""
    other = JobsInPlace(place.catalog).newest_of([uri]).get(uri)
    if other is not None and not other.settled:
        raise NothingToRetry(f"{uri} is the file of job {other.id} by now, which is tried again")
    bucket, key = split_uri(uri)
    found = bucket_at(bucket).look_at(key)
    if found is None:
        raise NothingToRetry(f"{uri} is no longer there: copy the file into the landing zone")
    file = FileInPlace(uri, job.name, found.size_bytes, found.version)
    return place.jobs.revive(job.id, None, file)
