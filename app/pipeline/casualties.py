"""Jobs whose worker died over them, or had to be killed. What is said of them here may raise CatalogUnavailable."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from app.errors import FileError, LeaseLost, Reason
from app.pipeline.retrying import CRASHES_BEFORE_FAILING, retry_delay
from app.pipeline.settling import settle
from app.pipeline.workplace import Workplace
from app.storage.catalog.leases import Lease

log = logging.getLogger("borehole.pipeline")


def charge(place: Workplace, lease: Lease) -> None:
    """The worker died: the job is tried again, with others before it, but not for ever."""
    with _settled_if_it_had_ended(place, lease):
        crashes = place.jobs.note_crash(lease)
        message = (
            f"reading this file ended its process, {crashes} times so far; is there memory enough for it?"
        )
        if crashes < CRASHES_BEFORE_FAILING:
            again = time.time() + retry_delay(crashes)
            place.jobs.retry_later(lease, again, Reason.WORKER_DIED, message)
        else:
            _fail(place, lease, FileError(Reason.WORKER_DIED, message))


def give_back(place: Workplace, lease: Lease) -> None:
    """The worker was stopped in order, or died before it took the job up: the job is not to blame."""
    with _settled_if_it_had_ended(place, lease):
        place.jobs.put_back(lease)


def give_up(place: Workplace, lease: Lease) -> None:
    """The worker was killed since the job took too long: it would again."""
    limit = place.settings.file_seconds
    message = f"reading this file took longer than {limit:g} s (BOREHOLE_FILE_SECONDS)"
    with _settled_if_it_had_ended(place, lease):
        _fail(place, lease, FileError(Reason.TOOK_TOO_LONG, message))


@contextmanager
def _settled_if_it_had_ended(place: Workplace, lease: Lease) -> Iterator[None]:
    """A worker may have been ended between its job's end and the moving of the file."""
    try:
        yield
    except LeaseLost:
        log.info("job %s had ended before its worker did", lease.job_id, extra={"job": lease.job_id})
        if place.jobs.get(lease.job_id).lease == lease.token:
            settle(place, lease.job_id, lease)


def _fail(place: Workplace, lease: Lease, error: FileError) -> None:
    place.jobs.fail(lease, time.time(), error)
    log.warning("job %s failed: %s", lease.job_id, error, extra={"job": lease.job_id})
    settle(place, lease.job_id, lease)
