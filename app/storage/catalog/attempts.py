"""Attempts: which image ids were ever given out, and what became of them."""

from __future__ import annotations

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.storage.catalog.database import Catalog
from app.storage.catalog.tables import Attempt


class Attempts:
    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog

    def all(self) -> dict[int, Attempt]:
        """By image id."""
        with self.catalog.reading() as session:
            return {attempt.image_id: attempt for attempt in session.scalars(select(Attempt))}

    def skip_to(self, image_id: int) -> bool:
        """Give out no id up to this one any more; whether it is above all that an attempt has had."""
        with self.catalog.reading() as session:
            if (session.scalar(select(func.max(Attempt.image_id))) or 0) >= image_id:
                return False
        with self.catalog.writing() as session:
            count_from(session, image_id)
            return True


def count_from(session: Session, image_id: int) -> None:
    """The next attempt's id is above this one."""
    if session.get_bind().dialect.name == "postgresql":
        count_on = (
            "SELECT setval('attempts_image_id_seq', greatest(:id, last_value)) FROM attempts_image_id_seq"
        )
        session.execute(text(count_on), {"id": image_id})
        return
    if session.get(Attempt, image_id) is not None:
        return
    # SQLite's AUTOINCREMENT goes on from the highest id that ever was, if only for a moment.
    attempt = Attempt(image_id=image_id, lease="", begun_at=0.0)
    session.add(attempt)
    session.flush()
    session.delete(attempt)
