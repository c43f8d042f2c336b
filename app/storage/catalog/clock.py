"""Moments in the catalog that were written by a clock which has been set since."""

from __future__ import annotations

from sqlalchemy import update

from app.storage.catalog.database import Catalog
from app.storage.catalog.tables import FINISHED, Job, JobState

WAITING = (JobState.QUEUED, JobState.RETRYING)


def follow_the_clock(catalog: Catalog, jump: float, now: float, lease_seconds: float) -> None:
    """The clock was set forward by `jump` seconds, or back, below zero: what is to come comes as planned.

    Whoever works on a job has `lease_seconds` to say so anew. What somebody wrote since the jump is left alone, or
    comes early. Raises CatalogUnavailable.
    """
    written_before = Job.not_before < now if jump > 0 else Job.not_before > now
    unsettled = (Job.state.in_(FINISHED), Job.settled.is_(False), Job.lease_until.is_not(None))
    with catalog.writing() as session:
        for change in (
            update(Job).where(Job.state == JobState.RUNNING).values(lease_until=now + lease_seconds),
            update(Job)
            .where(Job.state.in_(WAITING), written_before)
            .values(not_before=Job.not_before + jump),
            update(Job).where(*unsettled).values(lease_until=Job.lease_until + jump),
        ):
            session.execute(change.execution_options(synchronize_session=False))


def bound_waits(catalog: Catalog, now: float, longest_wait: float, lease_seconds: float) -> None:
    """No job waits longer than any is made to: the clock may have been set while nobody looked.

    Raises CatalogUnavailable.
    """
    latest, lease_until = now + longest_wait, now + lease_seconds
    with catalog.writing() as session:
        for change in (
            update(Job).where(Job.state.in_(WAITING), Job.not_before > latest).values(not_before=latest),
            update(Job).where(Job.lease_until > lease_until).values(lease_until=lease_until),
        ):
            session.execute(change.execution_options(synchronize_session=False))
