"""What happened lately, in order: written by whoever did it, in the same transaction; read by whoever looks on."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app.storage.catalog.database import Catalog, write_last
from app.storage.catalog.tables import Event, EventKind, Job


class Events:
    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog

    def after(self, event_id: int, limit: int = 500) -> Sequence[Event]:
        """Events later than `event_id`, oldest first: none with a lower id will follow those that are seen."""
        query = select(Event).where(Event.id > event_id).order_by(Event.id).limit(limit)
        with self.catalog.reading() as session:
            return session.scalars(query).all()

    def latest(self) -> int:
        """The id of the latest event; 0 where there was none."""
        with self.catalog.reading() as session:
            return session.scalar(select(func.max(Event.id))) or 0

    def prune(self, before: float) -> None:
        with self.catalog.writing() as session:
            session.execute(delete(Event).where(Event.at < before))


def announce(session: Session, kind: EventKind, data: dict[str, Any]) -> None:
    write_last(session, Event(at=time.time(), kind=kind, data=data))


def announce_job(session: Session, job: Job) -> None:
    """The job's row as it is now."""
    session.flush()
    announce(session, EventKind.JOB, {c.name: getattr(job, c.name) for c in Job.__table__.columns})


def announce_image(session: Session, image_id: int, change: str) -> None:
    """change: "stored", "changed" or "deleted"."""
    announce(session, EventKind.IMAGE, {"image_id": image_id, "change": change})


def announce_picks(session: Session, image_id: int) -> None:
    """One of the image's picks was laid, changed or taken away."""
    announce(session, EventKind.PICKS, {"image_id": image_id})
