"""One job, from its leased file to the place where the file belongs afterwards."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

from app.errors import CatalogUnavailable, FileError, LeaseLost, Reason, StorageUnavailable, TransientError
from app.ingestion.fingerprint import Fingerprint, fingerprint
from app.ingestion.parts import PartsDiffer, StoredPart, store_part
from app.pipeline.attempt import Attempt, Divided, Progress
from app.pipeline.retrying import delay_after_crash, retry_delay
from app.pipeline.settling import settle
from app.pipeline.workplace import Workplace
from app.storage.arrays.writing import ImageWriter
from app.storage.catalog.leases import Lease
from app.storage.catalog.tables import Job, JobState

log = logging.getLogger("borehole.job")


class Unrecorded:
    """What came of a job that the catalog could not be told of: it is to be given back once it answers."""


def run_job(
    place: Workplace,
    job: Job,
    lease: Lease,
    progress: Progress | None = None,
    *,
    workers: int = 1,
    abandoned: int | None = None,
) -> Divided | Unrecorded | None:
    """Ingest the job's file and settle it. Whatever happens is in the job's row afterwards, where the catalog
    answers; nothing is raised but what stops the process.

    workers: how many could share the file; if they are to, what they need for that is returned.
    abandoned: the image that an attempt in parts had begun, and could not finish.
    """

    def work() -> list[int] | Divided:
        attempt = Attempt(place, job, lease, progress)
        if abandoned is not None:
            attempt.abandon(abandoned)
        return attempt.run(workers)

    return _to_its_end(place, job, lease, work)


def run_part(place: Workplace, divided: Divided, number: int) -> StoredPart | None:
    """One part of a divided file; None where one process has to read it all, and to say what is wrong."""
    division, settings = divided.division, place.settings
    writer = ImageWriter(place.arrays, divided.image_id)
    part = division.parts[number]
    try:
        with divided.original.part(place, part.lines) as path:
            return store_part(path, settings, division, part, writer)
    except (PartsDiffer, FileError, TransientError, OSError, MemoryError) as error:
        log.info("%s is read by one process: %s", divided.job.name, error, extra={"job": divided.job.id})
        return None
    except Exception:  # who reads the whole file says what becomes of it, and charges it
        log.exception("%s is read by one process", divided.job.name, extra={"job": divided.job.id})
        return None


def hash_job(place: Workplace, divided: Divided) -> Fingerprint | None:
    """The hash of a divided file; None where it cannot be read."""
    try:
        with divided.original.whole(place) as path:
            return fingerprint(path)
    except OSError as error:
        log.info("%s cannot be hashed: %s", divided.job.name, error, extra={"job": divided.job.id})
        return None


def finish_job(
    place: Workplace, divided: Divided, content: Fingerprint, parts: Sequence[StoredPart]
) -> bool | Unrecorded:
    """Make the parts one image and settle the job; False where one process has to read the file after all."""
    attempt = Attempt(place, divided.job, divided.lease)
    try:
        outcome = _to_its_end(
            place, divided.job, divided.lease, lambda: attempt.join(divided, content, parts), divided.began
        )
    except PartsDiffer as error:
        log.info("%s is read by one process: %s", divided.job.name, error, extra={"job": divided.job.id})
        return False
    return outcome if isinstance(outcome, Unrecorded) else True


def _to_its_end(
    place: Workplace,
    job: Job,
    lease: Lease,
    work: Callable[[], list[int] | Divided],
    began: float | None = None,
) -> Divided | Unrecorded | None:
    try:
        outcome = _outcome(place, job, lease, work, began or time.time())
    except LeaseLost as lost:
        log.warning("%s; stopped", lost, extra={"job": job.id})
    except CatalogUnavailable:
        log.exception("the outcome of job %s could not be recorded; it will run again", job.id)
        return Unrecorded()
    else:
        if isinstance(outcome, Divided):
            return outcome
        if outcome:
            settle(place, job.id, lease)
    return None


def _outcome(
    place: Workplace, job: Job, lease: Lease, work: Callable[[], list[int] | Divided], began: float
) -> bool | Divided:
    """Whether the job has come to its end, good or bad; else it waits for another try, or goes on in parts."""
    try:
        result = work()
    except FileError as error:
        place.jobs.fail(lease, time.time(), error)
        log.warning("%s failed: %s", job.name, error, extra={"job": job.id, "reason": error.reason})
        return True
    except (LeaseLost, PartsDiffer):
        raise
    except (TransientError, OSError) as error:
        reason = error.code if isinstance(error, TransientError) else StorageUnavailable.code
        delay = retry_delay(job.attempts)
        place.jobs.retry_later(lease, time.time() + delay, reason, str(error))
        log.warning("%s waits %g s: %s", job.name, delay, error, extra={"job": job.id, "reason": reason})
        return False
    except Exception as error:
        log.exception("%s: unexpected error", job.name, extra={"job": job.id})
        blame = _blame(error)
        state = place.jobs.charge(lease, time.time(), lambda crashes: blame, delay_after_crash)
        return state == JobState.FAILED
    if isinstance(result, Divided):
        return result
    image_ids = ", ".join(map(str, result))
    extra = {"job": job.id, "images": result}
    log.info("%s is image %s (%.2f s)", job.name, image_ids, time.time() - began, extra=extra)
    return True


def _blame(error: Exception) -> FileError:
    """What is said of a file that the server could not cope with."""
    if isinstance(error, MemoryError):
        return FileError(
            Reason.OUT_OF_MEMORY,
            "reading this file took more memory than a worker may have (BOREHOLE_WORKER_MEMORY_BYTES)",
        )
    return FileError(Reason.INTERNAL_ERROR, f"the server met an error of its own with this file: {error!r}")
