"""Alembic's entry: run the migrations on the engine the catalog hands over.

A new revision: `alembic -c app/storage/migrations/alembic.ini revision --autogenerate -m "what changes"`.
"""

from alembic import context
from sqlalchemy import Engine, create_engine, text

from app.storage.catalog.tables import Base

config = context.config
engine: Engine = config.attributes.get("engine") or create_engine(
    config.get_main_option("sqlalchemy.url", "")
)

MIGRATION_LOCK = 0x4D696772

with engine.connect().execution_options(takes_write_lock=True) as connection:
    context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":
            # Servers on several machines may start together, and a large table may take its time.
            connection.execute(text("SET LOCAL lock_timeout = 0"))
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))
        context.run_migrations()
