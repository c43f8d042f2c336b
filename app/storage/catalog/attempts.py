"""Attempts: which image ids were ever given out, and what became of them."""

from __future__ import annotations

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.storage.catalog.database import Catalog
from app.storage.catalog.tables import Attempt, AttemptState


class Attempts:
    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog

    def all(self) -> dict[int, Attempt]:
        """By image id."""
        with self.catalog.reading() as session:
            return {attempt.image_id: attempt for attempt in session.scalars(select(Attempt))}

    def skip_to(self, image_id: int, now: float) -> bool:
        """Give out none of the ids up to this one any more; whether there were any that could have been."""
        with self.catalog.writing() as session:
            highest = session.scalar(select(func.max(Attempt.image_id))) or 0
            if highest >= image_id:
                return False
            session.add(Attempt(image_id=image_id, lease="", state=AttemptState.SWEPT, begun_at=now))
            session.flush()
            count_on(session)
            return True


def count_on(session: Session) -> None:
    """Let new attempts count on from the highest that was written with an id of its own.

    SQLite's AUTOINCREMENT does so by itself.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(
            text(
                "SELECT setval(pg_get_serial_sequence('attempts', 'image_id'), "
                "(SELECT max(image_id) FROM attempts))"
            )
        )
