"""What was asked of the pipeline, and what its host says of itself: one row that every process shares."""

from __future__ import annotations

from contextlib import suppress

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.storage.catalog.database import Catalog
from app.storage.catalog.events import announce
from app.storage.catalog.tables import EventKind, PipelineState

ROW = 1


class PipelineBoard:
    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog

    def read(self) -> PipelineState:
        with self.catalog.reading() as session:
            return session.get(PipelineState, ROW) or _blank()

    def update(self, **changes: object) -> PipelineState:
        """Write these columns, and return the row as it is then."""
        with self.catalog.writing() as session:
            state = _row(session)
            _change(session, state, changes)
            return state

    def tell(self, host: str, /, **changes: object) -> bool:
        """As `update`, by the host; whether it still is. Else nothing is written."""
        with self.catalog.writing() as session:
            state = _row(session)
            if state.host != host:
                return False
            _change(session, state, changes)
            return True

    def ask_for_scan(self) -> int:
        """The number of the scan asked for: it is done once `scans_done` has reached it."""
        with self.catalog.writing() as session:
            state = _row(session)
            state.scans_asked += 1
            return state.scans_asked


def is_hosted_by(session: Session, host: str) -> bool:
    """And stays so until the transaction ends."""
    return _row(session).host == host


def _change(session: Session, state: PipelineState, changes: dict[str, object]) -> None:
    news = {column: value for column, value in changes.items() if getattr(state, column) != value}
    for column, value in news.items():
        setattr(state, column, value)
    if news.keys() - {"seen_at"}:
        announce(session, EventKind.PIPELINE, {})


def _row(session: Session) -> PipelineState:
    """The row, for us alone to change; made where there is none yet."""
    state = session.get(PipelineState, ROW, with_for_update=True)
    if state is None:
        with suppress(IntegrityError), session.begin_nested():  # another process may make it at this moment
            session.add(_blank())
        state = session.get_one(PipelineState, ROW, with_for_update=True)
    return state


def _blank() -> PipelineState:
    return PipelineState(
        id=ROW, wanted=False, scans_asked=0, scans_done=0, running=False, seen_at=0.0, waiting=0
    )
