"""Jobs whose worker died over them, or had to be killed. What is said of them here may raise CatalogUnavailable."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from app.errors import FileError, LeaseLost, Reason
from app.pipeline.retrying import CRASHES_BEFORE_FAILING, delay_after_crash
from app.pipeline.settling import settle
from app.pipeline.workplace import Workplace
from app.storage.catalog.leases import Lease
from app.storage.catalog.tables import JobState

log = logging.getLogger("borehole.pipeline")


def count(place: Workplace, lease: Lease) -> None:
    """A worker died over a share of the job, which goes on."""
    with _settled_if_it_had_ended(place, lease):
        place.jobs.count_crash(lease)


def charge(place: Workplace, lease: Lease, deaths: int = 1) -> None:
    """Workers died over the job: it is tried again, with others before it, but not for ever."""
    with _settled_if_it_had_ended(place, lease):
        state = place.jobs.charge(lease, time.time(), _worker_died, delay_after_crash, crashes=deaths)
        if state == JobState.FAILED:
            _settle_failed(place, lease, _worker_died(max(deaths, CRASHES_BEFORE_FAILING)))


def give_back(place: Workplace, lease: Lease) -> None:
    """The worker was stopped in order, died before it took the job up, or could not tell what came of it: the job
    is not to blame."""
    with _settled_if_it_had_ended(place, lease):
        place.jobs.put_back(lease)


def give_up(place: Workplace, lease: Lease) -> None:
    """The worker was killed since the job took too long: it would again."""
    limit = place.settings.file_seconds
    message = f"reading this file took longer than {limit:g} s (BOREHOLE_FILE_SECONDS)"
    with _settled_if_it_had_ended(place, lease):
        error = FileError(Reason.TOOK_TOO_LONG, message)
        place.jobs.fail(lease, time.time(), error)
        _settle_failed(place, lease, error)


@contextmanager
def _settled_if_it_had_ended(place: Workplace, lease: Lease) -> Iterator[None]:
    """A worker may have been ended between its job's end and the moving of the file."""
    try:
        yield
    except LeaseLost:
        log.info("job %s had ended before its worker did", lease.job_id, extra={"job": lease.job_id})
        if place.jobs.get(lease.job_id).lease == lease.token:
            settle(place, lease.job_id, lease)


def _worker_died(crashes: int) -> FileError:
    return FileError(
        Reason.WORKER_DIED,
        f"reading this file ended its process, {crashes} times so far; is there memory enough for it?",
    )


def _settle_failed(place: Workplace, lease: Lease, error: FileError) -> None:
    log.warning("job %s failed: %s", lease.job_id, error, extra={"job": lease.job_id})
    settle(place, lease.job_id, lease)
