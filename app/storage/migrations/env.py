"""Alembic's entry: run the migrations on the engine the catalog hands over.

A new revision: `alembic -c app/storage/migrations/alembic.ini revision --autogenerate -m "what changes"`.
"""

from alembic import context
from sqlalchemy import Connection, Engine, create_engine, text

from app.storage.catalog.tables import Base

MIGRATION_LOCK = 0x4D696772

config = context.config
engine: Engine = config.attributes.get("engine") or create_engine(
    config.get_main_option("sqlalchemy.url", "")
)


def enforce_references(connection: Connection, wanted: bool) -> None:
    """SQLite changes a column by making the table anew: meanwhile the rows that refer to it refer to nothing.

    Only outside of a transaction, which the driver's own connection is.
    """
    if connection.dialect.name == "sqlite":
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.execute(f"PRAGMA foreign_keys={'ON' if wanted else 'OFF'}")


def take_turns(connection: Connection) -> None:
    """Servers on several machines may start together on one PostgreSQL, and a large table may take its time."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.connection.driver_connection.patience = None  # type: ignore[union-attr]
        connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))


with engine.connect().execution_options(takes_write_lock=True) as connection:
    enforce_references(connection, False)
    try:
        context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
        with context.begin_transaction():
            take_turns(connection)
            context.run_migrations()
    finally:
        enforce_references(connection, True)
