"""The catalog's engine: transactions, and the schema brought up to date by Alembic."""

from __future__ import annotations

import fcntl
import importlib.resources
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session

from app.errors import CatalogUnavailable
from app.settings import Settings
from app.storage.catalog.sqlite_file import SqliteFile

BUSY_SECONDS = 10.0
_JSON = partial(json.dumps, ensure_ascii=False)  # as text it is searched in
WRITE_LOCK = 0x426F7265  # the key of PostgreSQL's advisory lock that stands for SQLite's write lock


class Catalog:
    """Short transactions on the catalog's database; safe to share between threads."""

    def __init__(self, url: str | URL) -> None:
        self.engine = _engine(make_url(url))
        self.file: SqliteFile | None = None
        self._writers = threading.Lock()

    @classmethod
    def open(cls, settings: Settings) -> Catalog:
        """The catalog of these settings, its schema made or migrated to the newest.

        Raises RuntimeError where its database's driver is missing, CatalogUnavailable.
        """
        settings.db_dir.mkdir(parents=True, exist_ok=True)
        # Made of its parts, not of a string: a folder may have `?` or `%` in its name.
        file = URL.create("sqlite", database=str(settings.db_dir / "catalog.sqlite"))
        require_driver(settings.database_url)
        catalog = cls(settings.database_url or file)
        with _one_at_a_time(settings.db_dir / "catalog.lock"):
            catalog.migrate()
            if catalog.engine.dialect.name == "sqlite" and catalog.engine.url.database:
                catalog.file = SqliteFile(Path(catalog.engine.url.database))
        return catalog

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session to read with; raises CatalogUnavailable when the database does not answer."""
        self._require_file()
        with _translated(), Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """One transaction, committed at the end of the block and durable then.

        It takes the write lock at its start, so that what it reads first is still true when it writes.
        """
        self._require_file()
        with self._in_line(), _translated(), Session(self.engine, expire_on_commit=False) as session:
            session.connection(execution_options={"takes_write_lock": True})
            yield session
            session.commit()

    @contextmanager
    def _in_line(self) -> Iterator[None]:
        """One thread of a process waits for the write lock, the others for it: each holds no connection meanwhile,
        so that there are always some to read with."""
        if not self._writers.acquire(timeout=BUSY_SECONDS):
            raise CatalogUnavailable(
                f"the catalog does not answer: others have waited for {BUSY_SECONDS:g} s"
            )
        try:
            yield
        finally:
            self._writers.release()

    def _require_file(self) -> None:
        if self.file is not None:
            self.file.require_same()

    def migrate(self) -> None:
        with _translated():
            if self._revision() == newest_revision():
                return
        # Only a new or outdated catalog pays for the import of Alembic.
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", "app.storage:migrations")
        config.attributes["engine"] = self.engine
        with _translated():
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


def require_driver(url: str | None) -> None:
    """Raises RuntimeError where there is no way to talk to that database, with what would help."""
    try:
        if url is not None:
            make_url(url).get_dialect().import_dbapi()
    except ArgumentError:  # which would tell the URL, password and all
        raise RuntimeError(
            "BOREHOLE_DATABASE_URL is not an SQLAlchemy URL, such as postgresql+psycopg://user:password@host/name"
        ) from None
    except ModuleNotFoundError as error:
        raise RuntimeError(
            f"BOREHOLE_DATABASE_URL needs the driver {error.name}, which is not installed: "
            "for postgresql+psycopg://…, .venv/bin/pip install 'psycopg[binary]'"
        ) from None


def _engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        return _postgresql_engine(url)
    engine = create_engine(
        url, json_serializer=_JSON, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False}
    )

    # The driver's own transaction handling begins too late for our guarantees: we begin by hand.
    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")
        # SQLite's own knows the letters A to Z only; names have others, as PostgreSQL knows.
        connection.create_function("lower", 1, _lower, deterministic=True)

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        immediate = connection.get_execution_options().get("takes_write_lock")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    return engine


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _postgresql_engine(url: URL) -> Engine:
    engine = create_engine(url, json_serializer=_JSON, pool_pre_ping=True)

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        if connection.get_execution_options().get("takes_write_lock"):
            connection.exec_driver_sql(f"SELECT set_config('lock_timeout', '{BUSY_SECONDS:g}s', true)")
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITE_LOCK})")

    return engine


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except IntegrityError:
        raise
    except DBAPIError as error:
        raise CatalogUnavailable(f"the catalog does not answer: {error.orig}") from error
    except PoolTimeoutError as error:  # every connection is waiting already
        raise CatalogUnavailable(f"the catalog does not answer: {error}") from error


@contextmanager
def _one_at_a_time(lock: Path) -> Iterator[None]:
    """Processes that start together migrate one after the other."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
