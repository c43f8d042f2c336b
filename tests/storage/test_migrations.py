import sqlite3
import sys
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text

from app.storage.catalog.database import Catalog
from app.storage.catalog.events import Events
from app.storage.catalog.jobs import Jobs
from app.storage.catalog.pipeline import PipelineBoard
from app.storage.catalog.tables import Base, Event, EventKind, Job
from tests.builders import eventually, settings_in
from tests.storage.builders import leased
from tests.storage.processes import open_catalog, run_side_by_side


@pytest.fixture
def config(catalog):
    """Alembic's view of the catalog."""
    made = Config()
    made.set_main_option("script_location", "app.storage:migrations")
    made.attributes["engine"] = catalog.engine
    return made


def schema_of(engine):
    """Everything SQLite knows of its tables and indexes, in words that do not depend on who wrote them."""
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")).all()
    return {
        name: sorted(part.strip(" ()") for part in sql.replace("\n", " ").replace("\t", " ").split(","))
        for name, sql in rows
        if name != "alembic_version"
    }


@pytest.mark.both_databases
def test_a_migrated_catalog_is_what_the_tables_say(catalog):
    with catalog.engine.connect() as connection:
        # PostgreSQL cannot compare JSON, which is Alembic's way of comparing defaults.
        options = {"compare_server_default": catalog.engine.name == "sqlite"}
        differences = compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata)
    assert differences == []


def test_conditions_and_autoincrement_are_those_of_the_tables_too(catalog, tmp_path):
    """What Alembic's comparison does not see: partial indexes and SQLite's AUTOINCREMENT."""
    engine = create_engine(f"sqlite:///{tmp_path}/plain.sqlite")
    Base.metadata.create_all(engine)
    assert schema_of(catalog.engine) == schema_of(engine)
    engine.dispose()


def test_migrating_again_changes_nothing(settings, catalog):
    job_id = leased(Jobs(catalog)).job_id
    before = schema_of(catalog.engine)
    catalog.migrate()
    again = Catalog.open(settings)
    assert schema_of(again.engine) == before
    assert Jobs(again).get(job_id).state == "running"
    again.close()


def test_a_catalog_that_is_up_to_date_does_not_pay_for_alembic(settings, catalog, monkeypatch):
    monkeypatch.setitem(sys.modules, "alembic", None)
    Catalog.open(settings).close()


def test_revisions_form_one_line_whose_head_has_the_greatest_number(config):
    scripts = ScriptDirectory.from_config(config)
    assert len(scripts.get_bases()) == 1
    head = scripts.get_current_head()
    assert head == max(script.revision for script in scripts.walk_revisions())


@pytest.mark.both_databases
def test_every_revision_can_be_undone_and_done_again(catalog, config):
    before = columns_of(catalog.engine)
    command.downgrade(config, "base")
    assert inspect(catalog.engine).get_table_names() == ["alembic_version"]
    catalog.migrate()
    assert columns_of(catalog.engine) == before


def columns_of(engine):
    inspector = inspect(engine)
    return {
        table: (
            [
                (column["name"], str(column["type"]), column["nullable"])
                for column in inspector.get_columns(table)
            ],
            [index["name"] for index in inspector.get_indexes(table)],
        )
        for table in inspector.get_table_names()
    }


def test_developers_migrate_with_the_url_of_alembic_ini(tmp_path, config, monkeypatch):
    del config.attributes["engine"]
    config.set_main_option("sqlalchemy.url", f"sqlite:///{tmp_path}/developer.sqlite")
    command.upgrade(config, "head")
    with sqlite3.connect(tmp_path / "developer.sqlite") as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone()
    connection.close()


def test_processes_that_open_a_new_catalog_at_once_make_it_once(settings):
    assert run_side_by_side(open_catalog, (settings,), (settings,), (settings,)) == [0, 0, 0]
    catalog = Catalog.open(settings)
    assert PipelineBoard(catalog).read().scans_asked == 3
    catalog.close()


def test_machines_that_open_a_new_catalog_at_once_make_it_once(postgresql, tmp_path):
    """Nothing but the database is shared. None can make a table before all have found that there is none."""
    url = postgresql.new_database("template0")
    machines = [settings_in(tmp_path / name, database_url=url) for name in "abc"]
    with psycopg.connect(url.replace("+psycopg", "")) as holder, ThreadPoolExecutor(1) as pool:
        holder.execute("LOCK TABLE pg_class IN SHARE MODE")
        ended = pool.submit(run_side_by_side, open_catalog, *((settings,) for settings in machines))
        try:
            waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
            eventually(lambda: postgresql.execute(url, waiting) == [(3,)], "all three wait", 60)
        finally:
            holder.rollback()
        assert ended.result() == [0, 0, 0]
    catalog = Catalog.open(machines[0])
    assert PipelineBoard(catalog).read().scans_asked == 3
    catalog.close()
    postgresql.drop_database(url)


@pytest.mark.both_databases
def test_numbers_of_64_bits_are_kept(catalog):
    """PostgreSQL's whole numbers have 32 unless it is asked for more."""
    with catalog.writing() as session:
        session.add(Event(id=2**40, at=0.0, kind=EventKind.PIPELINE, data={}))
        session.add(Job(id=2**41, name="a.csv", size_bytes=1, created_at=0.0, rows_done=2**42, row=2**43))
    assert Events(catalog).latest() == 2**40
    job = Jobs(catalog).get(2**41)
    assert (job.rows_done, job.row) == (2**42, 2**43)


def test_a_sequence_goes_on_beyond_32_bits(postgresql, tmp_path):
    url = postgresql.new_database()
    postgresql.execute(url, "SELECT setval('events_id_seq', 3000000000)")
    catalog = Catalog.open(settings_in(tmp_path, database_url=url))
    PipelineBoard(catalog).update(wanted=True)
    assert Events(catalog).latest() == 3_000_000_001
    catalog.close()
    postgresql.drop_database(url)
