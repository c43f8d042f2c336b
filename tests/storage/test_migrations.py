import sqlite3
import sys

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text

from app.storage.catalog.database import Catalog
from app.storage.catalog.jobs import Jobs
from app.storage.catalog.pipeline import PipelineBoard
from app.storage.catalog.tables import Base
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


def test_a_migrated_catalog_is_what_the_tables_say(catalog):
    with catalog.engine.connect() as connection:
        differences = compare_metadata(
            MigrationContext.configure(connection, opts={"compare_server_default": True}), Base.metadata
        )
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


def test_every_revision_can_be_undone_and_done_again(catalog, config):
    before = schema_of(catalog.engine)
    command.downgrade(config, "base")
    assert inspect(catalog.engine).get_table_names() == ["alembic_version"]
    catalog.migrate()
    assert schema_of(catalog.engine) == before


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
