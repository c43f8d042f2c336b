"""Connections to PostgreSQL that give up on a server which is there and says nothing.

A process that is stopped, or whose disk hangs, keeps its connections: its kernel acknowledges whatever is sent, so
that no time-out of TCP's ever ends the wait, nor can the server's own for statements.
"""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.abc import PQGen
from psycopg.pq import ConnStatus

PING_SECONDS = 3.0
"""For an answer to what takes the server no time: whether it is there."""
STATEMENT_SECONDS = 14.0
"""For any other: longer than the server itself lets a statement take."""


class PatientConnection(psycopg.Connection[Any]):
    """patience: seconds for an answer; None is for ever."""

    patience: float | None = STATEMENT_SECONDS

    def wait(self, gen: PQGen[Any], interval: float = 0.1, timeout: float | None = None) -> Any:
        """Raises OperationalError where there is no answer; the connection is closed then."""
        try:
            return super().wait(gen, interval, self.patience if timeout is None else timeout)
        except psycopg.OperationalError as error:
            if error.sqlstate is not None or self.pgconn.status != ConnStatus.OK:
                raise  # the server said so, or has gone
            self.pgconn.finish()
            raise psycopg.OperationalError(f"the server has been silent for {self.patience:g} s") from error
