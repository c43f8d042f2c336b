"""After a job's end: its file to processed/ or failed/, with the reason beside it. Safe to repeat at any point."""

from __future__ import annotations

import logging
import time
from functools import partial
from pathlib import Path

from app.errors import CatalogUnavailable, LeaseLost, StorageUnavailable
from app.pipeline.data_folder import require_claim_here
from app.pipeline.folders import write_error_report
from app.pipeline.landed import has_landed, move_on
from app.pipeline.reporting import report_on
from app.pipeline.workplace import Workplace
from app.storage.catalog.leases import Lease
from app.storage.catalog.tables import Job, JobState

log = logging.getLogger("borehole.job")

NEXT_TRY_SECONDS = 5.0


def settle(place: Workplace, job_id: int, lease: Lease) -> None:
    """Move a finished job's file to where it belongs. What cannot be moved now is left to `settle_all`."""
    try:
        job = place.jobs.get(job_id)
        require_claim_here(place, job)
        source = place.folders.claimed(job.claim) if job.claim else None
        if job.claim and source is not None:
            _move(place, job, job.claim, source, lease)
        elif job.claim:
            place.folders.remove_claim(job.claim)
        elif has_landed(place.settings, job):
            move_on(place, job, lease)
        place.jobs.settle(lease)
    except LeaseLost as lost:
        log.warning("%s", lost, extra={"job": job_id})
    except CatalogUnavailable as error:
        log.warning("the file of job %s waits to be moved: %s", job_id, error, extra={"job": job_id})
    except (StorageUnavailable, OSError) as error:
        log.warning("the file of job %s waits to be moved: %s", job_id, error, extra={"job": job_id})
        _try_later(place, lease)
    except Exception:  # one file that cannot be moved must not keep others from it
        log.exception("the file of job %s waits to be moved", job_id, extra={"job": job_id})
        _try_later(place, lease)


def settle_all(place: Workplace, owner: str, lease_seconds: float) -> None:
    """Move the files of jobs that were finished by somebody who could not any more. Each is tried once."""
    began = time.time()  # what is tried in vain is due again after that
    while found := place.jobs.lease_unsettled(owner, lease_seconds, began):
        job, lease = found
        settle(place, job.id, lease)


def _try_later(place: Workplace, lease: Lease) -> None:
    try:
        place.jobs.settle_later(lease, time.time() + NEXT_TRY_SECONDS)
    except (CatalogUnavailable, LeaseLost) as error:
        log.warning("%s", error, extra={"job": lease.job_id})


def _move(place: Workplace, job: Job, claim: str, source: Path, lease: Lease) -> None:
    folder = place.folders.failed if job.state == JobState.FAILED else place.folders.processed
    target = place.folders.reserve(source, folder, partial(place.jobs.reserve_target, lease), job.target)
    if job.state == JobState.FAILED:
        write_error_report(target, report_on(job))
    place.folders.move(claim, source, target)
