"""Alembic's entry: run the migrations on the engine the catalog hands over.

A new revision: `alembic -c app/storage/migrations/alembic.ini revision --autogenerate -m "what changes"`.
"""

from alembic import context
from sqlalchemy import Engine, create_engine

from app.storage.catalog.tables import Base

config = context.config
engine: Engine = config.attributes.get("engine") or create_engine(
    config.get_main_option("sqlalchemy.url", "")
)

# With the write lock: servers on several machines may start together on one database.
with engine.connect().execution_options(takes_write_lock=True) as connection:
    context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
