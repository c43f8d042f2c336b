"""The catalog's database: transactions, and the schema brought up to date by Alembic."""

from __future__ import annotations

import fcntl
import importlib.resources
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, func, inspect, make_url, select, text
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session

from app.errors import CatalogUnavailable, CommitUncertain, InvalidParameter
from app.settings import Settings
from app.storage.catalog import engines, job_counts
from app.storage.catalog.engines import catalog_engine, catalog_url
from app.storage.catalog.sqlite_file import SqliteFile
from app.storage.catalog.tables import Base

LAST_LOCK = 0x426F7265
"""PostgreSQL's advisory lock for what must be seen in the order of its ids."""
_LAST = "rows written last"


class Catalog:
    """Short transactions on the catalog's database; safe to share between threads."""

    def __init__(self, url: str | URL) -> None:
        self.engine = catalog_engine(make_url(url))
        self.on_postgresql = self.engine.dialect.name == "postgresql"
        self.file: SqliteFile | None = None
        self._writers = threading.Lock()

    @classmethod
    def open(cls, settings: Settings) -> Catalog:
        """The catalog of these settings, its schema made or migrated to the newest.

        Raises RuntimeError where its database's driver is missing, CatalogUnavailable.
        """
        settings.db_dir.mkdir(parents=True, exist_ok=True)
        catalog = cls(catalog_url(settings))
        with _one_at_a_time(settings.db_dir / "catalog.lock"):
            catalog.migrate()
            if catalog.engine.dialect.name == "sqlite" and catalog.engine.url.database:
                catalog.file = SqliteFile(Path(catalog.engine.url.database))
        return catalog

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session to read with; raises CatalogUnavailable when the database does not answer."""
        self._require_file()
        with translated(), Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self, *, durable: bool = True) -> Iterator[Session]:
        """One transaction, committed at the end of the block and durable then.

        On SQLite nobody else writes meanwhile. On PostgreSQL others do: what a block reads to act upon, it has
        to lock (`with_for_update`), a job before its attempts, several jobs in the order of their ids.
        durable: False for what may be forgotten when PostgreSQL crashes; it does not wait for the disk then.

        Raises CatalogUnavailable: CommitUncertain where all may be as if it had not been raised.
        """
        self._require_file()
        with self._in_line(), translated(), Session(self.engine, expire_on_commit=False) as session:
            session.connection(execution_options={"takes_write_lock": True})
            if self.on_postgresql and not durable:
                session.execute(text("SET LOCAL synchronous_commit = off"))
            yield session
            session.flush()
            rows, changes = session.info.pop(_LAST, []), job_counts.taken_changes(session)
            if rows or changes:
                self.lock_last(session)
                session.add_all(rows)
                session.flush()
                job_counts.keep(session, changes)
            with _uncertain():
                session.commit()

    def lock_last(self, session: Session) -> None:
        """Until the transaction ends nobody else writes what is written last. On SQLite nobody does anyway.

        Ids are given out before commits: without this, who has seen an event's id could miss a lower one.
        """
        if self.on_postgresql:
            session.execute(select(func.pg_advisory_xact_lock(LAST_LOCK)))

    @contextmanager
    def _in_line(self) -> Iterator[None]:
        """One thread of a process waits for what others have locked, the other threads for it: each holds no
        connection meanwhile, so that there are always some to read with."""
        if not self._writers.acquire(timeout=engines.BUSY_SECONDS):
            raise CatalogUnavailable(
                f"the catalog does not answer: others have waited for {engines.BUSY_SECONDS:g} s"
            )
        try:
            yield
        finally:
            self._writers.release()

    def _require_file(self) -> None:
        if self.file is not None:
            self.file.require_same()

    def migrate(self) -> None:
        with translated():
            if self._revision() == newest_revision():
                return
        # Only a new or outdated catalog pays for the import of Alembic.
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", "app.storage:migrations")
        config.attributes["engine"] = self.engine
        with translated():
            command.upgrade(config, "head")

    def _revision(self) -> str | None:
        with self.engine.connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return None
            revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
            return revision

    def close(self) -> None:
        self.engine.dispose()


def newest_revision() -> str:
    """Of the schema, as this program knows it."""
    return max(
        file.name.split("_")[0]
        for file in importlib.resources.files("app.storage.migrations.versions").iterdir()
        if file.name.endswith(".py") and file.name[0].isdigit()
    )


def write_last(session: Session, row: Base) -> None:
    """Add the row as the transaction's last act; whoever sees its id has seen all lower ones.

    Nobody who has done so waits for another's lock any more: no deadlock can come of it.
    """
    session.info.setdefault(_LAST, []).append(row)


@contextmanager
def translated() -> Iterator[None]:
    try:
        yield
    except IntegrityError:
        raise
    except DataError as error:  # such as a NUL, which no text on PostgreSQL can have
        raise InvalidParameter(
            f"the catalog can neither hold nor look for this: {_one_line(error)}"
        ) from error
    except DBAPIError as error:
        raise CatalogUnavailable(f"the catalog does not answer: {_one_line(error)}") from error
    except PoolTimeoutError as error:  # every connection is waiting already
        raise CatalogUnavailable(f"the catalog does not answer: {error}") from error


@contextmanager
def _uncertain() -> Iterator[None]:
    """Of a commit whose answer is lost with the connection, nobody knows whether it was made."""
    try:
        yield
    except DBAPIError as error:
        if error.connection_invalidated:
            raise CommitUncertain(f"the catalog does not answer: {_one_line(error)}") from error
        raise


def _one_line(error: DBAPIError) -> str:
    return " ".join(str(error.orig).split())


@contextmanager
def _one_at_a_time(lock: Path) -> Iterator[None]:
    """Processes that start together migrate one after the other; on several machines, PostgreSQL sees to it."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
