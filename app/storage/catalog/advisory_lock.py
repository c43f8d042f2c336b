"""A lock that PostgreSQL keeps for one connection, and frees when that ends, however it ends."""

from __future__ import annotations

from contextlib import suppress

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from app.storage.catalog.database import Catalog, translated


class AdvisoryLock:
    def __init__(self, catalog: Catalog, key: int) -> None:
        self.engine = catalog.engine.execution_options(isolation_level="AUTOCOMMIT")
        self.key = key
        self._connection: Connection | None = None

    def acquire(self) -> bool:
        """Take the lock if it is free; whether we hold it now, of which the server is asked every time.

        Raises CatalogUnavailable; we do not hold it then.
        """
        if self._connection is not None and self._answers(self._connection):
            return True
        self.release()
        with translated():
            connection = self.engine.connect()
            try:
                if connection.scalar(select(func.pg_try_advisory_lock(self.key))):
                    connection.detach()  # out of the pool, for as long as we hold it
                    self._connection = connection
            finally:
                if self._connection is None:
                    connection.close()
        return self._connection is not None

    def release(self) -> None:
        if self._connection is not None:
            # In so many words: the server notices the end of a connection in its own time.
            with (
                self._connection as connection,
                suppress(SQLAlchemyError),
            ):  # it may be gone, and the lock with it
                connection.execute(select(func.pg_advisory_unlock(self.key)))
            self._connection = None

    def _answers(self, connection: Connection) -> bool:
        try:
            connection.execute(select(1))
        except DBAPIError:
            return False
        return True
