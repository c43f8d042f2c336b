"""Taking a file and giving it a job, so that a death in between loses neither."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.errors import CatalogUnavailable, CommitUncertain
from app.pipeline.folders import Claim
from app.pipeline.names import printable
from app.pipeline.workplace import Workplace
from app.storage.catalog.leases import Lease
from app.storage.catalog.tables import Job

ORPHAN_SECONDS = 120.0
"""Many times what a claim may wait for the catalog before it has its job."""


def enqueue(place: Workplace, name: str) -> int | None:
    """The job for `name`, queued; None where the file is gone or somebody else took it."""
    return _enqueued(place, place.folders.claim(name), name)


def enqueue_upload(place: Workplace, draft: Path, name: str) -> int | None:
    """The job for a complete upload, which from here on is a file like any other."""
    return _enqueued(place, place.folders.adopt(draft, name), name)


def take(place: Workplace, name: str, owner: str, lease_seconds: float) -> tuple[Job, Lease] | None:
    """As `enqueue`, and ours to run at once."""
    claim = place.folders.claim(name)
    if claim is None:
        return None
    with _kept(place, claim):
        return place.jobs.add_leased(
            printable(name),
            claim.path.lstat().st_size,
            time.time(),
            claim=claim.token,
            path=None,
            owner=owner,
            seconds=lease_seconds,
            check=claim.path.lstat,
        )
    return None


def _enqueued(place: Workplace, claim: Claim | None, name: str) -> int | None:
    if claim is None:
        return None
    with _kept(place, claim):
        size = claim.path.lstat().st_size
        return place.jobs.add(
            printable(name), size, time.time(), claim=claim.token, path=None, check=claim.path.lstat
        )
    return None


@contextmanager
def _kept(place: Workplace, claim: Claim) -> Iterator[None]:
    """Where the catalog takes no job, the file goes back at once; `return_orphans` decides where it may have.

    Passes over that the claim is gone: it waited for the catalog until it was taken for an orphan.
    """
    try:
        yield
    except CommitUncertain:
        raise
    except CatalogUnavailable:
        place.folders.put_back(claim)
        raise
    except FileNotFoundError:
        return


def return_orphans(place: Workplace) -> list[Claim]:
    """Put files whose claimant died before it could make a job back into the data folder."""
    orphans = place.folders.orphaned_claims(place.jobs.claims(), ORPHAN_SECONDS)
    for orphan in orphans:
        place.folders.put_back(orphan)
    return orphans
