"""The databases a catalog can lie in: SQLite in `db/`, PostgreSQL wherever its URL says."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from app.settings import Settings

_JSON = partial(json.dumps, ensure_ascii=False)  # as text it is searched in

BUSY_SECONDS = 10.0
"""How long a transaction waits for others, and a caller for a connection."""

_POSTGRESQL_SESSION = {
    "application_name": "borehole",
    "lock_timeout": "{busy:g}s",
    "statement_timeout": "12s",
    "idle_in_transaction_session_timeout": "60s",
    # A machine that vanishes without a word is gone for the server, too, and its locks are free, after 12 s.
    "tcp_keepalives_idle": "4s",
    "tcp_keepalives_interval": "2s",
    "tcp_keepalives_count": "4",
}
_POSTGRESQL_CONNECTION = {
    "connect_timeout": "5",
    "keepalives_idle": "4",
    "keepalives_interval": "2",
    "keepalives_count": "4",
    "tcp_user_timeout": "12000",
}


def catalog_url(settings: Settings) -> URL:
    """Raises RuntimeError where the settings name what is no database, or one whose driver is missing."""
    if settings.database_url is None:
        # Made of its parts, not of a string: a folder may have `?` or `%` in its name.
        return URL.create("sqlite", database=str(settings.db_dir / "catalog.sqlite"))
    try:
        url = make_url(settings.database_url)
        if url.drivername in ("postgres", "postgresql"):
            url = url.set(drivername="postgresql+psycopg")
        url.get_dialect().import_dbapi()
    except (ArgumentError, ValueError):  # which would tell the URL, password and all
        raise RuntimeError(
            "BOREHOLE_DATABASE_URL is not an SQLAlchemy URL, such as postgresql://user:password@host/name"
        ) from None
    except ImportError as error:  # of the driver, or of libpq for it
        raise RuntimeError(
            f"BOREHOLE_DATABASE_URL needs the driver {error.name or url.get_driver_name()}, which is not "
            "installed: for PostgreSQL, .venv/bin/pip install -r requirements-cluster.txt"
        ) from None
    return url


def catalog_engine(url: URL) -> Engine:
    """Its connections begin a transaction with the option `takes_write_lock` as SQLite's only writer."""
    return _sqlite_engine(url) if url.get_backend_name() == "sqlite" else _postgresql_engine(url)


def _sqlite_engine(url: URL) -> Engine:
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
    """Nothing here waits for ever: not a connection, not a lock, not a statement, not a peer that is gone."""
    own = {name: value for name, value in _POSTGRESQL_CONNECTION.items() if name not in url.query}
    engine = create_engine(
        url.update_query_dict(own), json_serializer=_JSON, pool_pre_ping=True, pool_timeout=BUSY_SECONDS
    )

    from app.storage.catalog import patience  # needs psycopg

    @event.listens_for(engine, "do_connect")
    def _connect(_dialect: Any, _record: Any, arguments: Any, parameters: Any) -> Any:
        return patience.PatientConnection.connect(*arguments, **parameters)

    @event.listens_for(engine, "checkout")
    def _taken(connection: Any, _record: Any, _proxy: Any) -> None:
        connection.patience = patience.STATEMENT_SECONDS

    @event.listens_for(engine, "checkin")
    def _returned(connection: Any, _record: Any) -> None:
        if connection is not None:  # it may have been closed
            connection.patience = patience.PING_SECONDS

    # Not as startup options, of which a URL may have its own and a pooler may know none.
    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        settings = ", ".join(
            f"set_config('{name}', '{value.format(busy=BUSY_SECONDS)}', false)"
            for name, value in _POSTGRESQL_SESSION.items()
        )
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {settings}")
        connection.commit()

    return engine
