import sqlite3
import threading

import pytest
from sqlalchemy import create_engine, event, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.pool import StaticPool

from app.errors import CatalogUnavailable
from app.storage.catalog import database, engines
from app.storage.catalog.database import Catalog
from app.storage.catalog.history import History
from app.storage.catalog.jobs import Jobs
from tests.builders import settings_in
from tests.storage.builders import leased


@pytest.fixture
def impatient(settings, monkeypatch):
    """A catalog that waits a twentieth of a second for others."""
    monkeypatch.setattr(engines, "BUSY_SECONDS", 0.05)
    opened = Catalog.open(settings)
    yield opened
    opened.close()


@pytest.fixture
def another_writer(settings):
    """Somebody else's connection, which holds the write lock."""
    connection = sqlite3.connect(settings.db_dir / "catalog.sqlite", isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    yield connection
    connection.close()


def test_a_busy_catalog_is_told_as_such_while_reading_goes_on(impatient, another_writer):
    jobs = Jobs(impatient)
    with pytest.raises(CatalogUnavailable, match="locked"):
        jobs.add("a.csv", 1, 0.0, claim=None, path="a.csv")
    assert History(impatient).page(5) == ([], 0)
    another_writer.execute("COMMIT")
    assert jobs.add("a.csv", 1, 0.0, claim=None, path="a.csv") == 1


def test_a_writer_waits_its_turn(catalog, another_writer):
    jobs, done = Jobs(catalog), []
    thread = threading.Thread(target=lambda: done.append(leased(jobs)))
    thread.start()
    thread.join(0.1)
    assert not done
    another_writer.execute("COMMIT")
    thread.join(20)
    assert done


def test_when_every_connection_waits_the_next_caller_is_told(catalog, monkeypatch):
    monkeypatch.setattr(catalog.engine.pool, "_timeout", 0.05)
    sessions = [catalog.reading() for _ in range(15)]
    for session in sessions:
        session.__enter__().execute(text("SELECT 1"))
    with pytest.raises(CatalogUnavailable):
        Jobs(catalog).get(1)
    for session in sessions:
        session.__exit__(None, None, None)
    assert History(catalog).page(1) == ([], 0)


def test_what_is_read_in_a_writing_block_is_still_true_when_it_writes(catalog):
    """Ten threads add one each: a read that does not hold the write lock would lose some of them."""
    jobs = Jobs(catalog)
    job_id = jobs.add("a.csv", 0, 0.0, claim=None, path="a.csv")

    def add_one():
        for _ in range(5):
            with catalog.writing() as session:
                size = session.scalar(text("SELECT size_bytes FROM jobs"))
                session.execute(text("UPDATE jobs SET size_bytes = :size"), {"size": size + 1})

    threads = [threading.Thread(target=add_one) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert jobs.get(job_id).size_bytes == 50


def test_a_block_that_raises_leaves_nothing(catalog):
    with pytest.raises(ZeroDivisionError), catalog.writing() as session:
        session.execute(text("INSERT INTO pipeline VALUES (1, 1, 0, 0, '', '', 1, '', '', 0, 0, '')"))
        _ = 1 / 0
    with catalog.reading() as session:
        assert session.scalar(text("SELECT count(*) FROM pipeline")) == 0


def test_commits_outlive_a_power_cut_and_references_hold(catalog):
    with catalog.reading() as session:
        pragmas = [
            session.scalar(text(f"PRAGMA {name}")) for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert pragmas == ["wal", 2, 1]
    with pytest.raises(IntegrityError, match="FOREIGN KEY"), catalog.writing() as session:
        session.execute(text("INSERT INTO attempts VALUES (1, 99, '', 'begun', 0)"))


@pytest.mark.parametrize("name", ["a b", "50%20", "what?", "a#b", "tiefe-Größe"])
def test_the_catalog_lies_in_its_folder_whatever_that_is_called(tmp_path, name):
    settings = settings_in(tmp_path / name)
    catalog = Catalog.open(settings)
    leased(Jobs(catalog))
    catalog.close()
    assert (settings.db_dir / "catalog.sqlite").exists()
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


def test_another_database_can_be_named_by_its_url(tmp_path):
    settings = settings_in(tmp_path, database_url=f"sqlite:///{tmp_path}/elsewhere.sqlite")
    catalog = Catalog.open(settings)
    leased(Jobs(catalog))
    catalog.close()
    assert (tmp_path / "elsewhere.sqlite").exists()
    assert not (settings.db_dir / "catalog.sqlite").exists()


@pytest.fixture
def postgresql(monkeypatch):
    """A catalog on PostgreSQL, played by SQLite, and the functions it called there."""
    calls = []
    stand_in = create_engine("sqlite://", poolclass=StaticPool)

    @event.listens_for(stand_in, "connect")
    def add_functions(connection, _record):
        for name, arguments in (("set_config", 3), ("pg_advisory_xact_lock", 1)):
            connection.create_function(
                name, arguments, lambda *given, name=name: calls.append((name, *given)) or ""
            )

    def made(url, **options):
        assert (url.host, url.password, options) == ("db", "secret", {"pool_pre_ping": True})
        return stand_in

    monkeypatch.setattr(database, "create_engine", made)
    opened = Catalog("postgresql://somebody:secret@db/borehole")
    yield opened, calls
    opened.close()


def test_on_postgresql_too_writers_take_turns_and_readers_do_not_wait(postgresql):
    catalog, calls = postgresql
    with catalog.reading() as session:
        assert session.scalar(text("SELECT 1")) == 1
    assert calls == []
    with catalog.writing() as session:
        assert session.scalar(text("SELECT 1")) == 1
    assert calls == [("set_config", "lock_timeout", "10s", 1), ("pg_advisory_xact_lock", database.WRITE_LOCK)]


def test_on_postgresql_servers_that_start_together_migrate_one_after_the_other(postgresql):
    catalog, calls = postgresql
    catalog.migrate()
    assert ("pg_advisory_xact_lock", database.WRITE_LOCK) in calls


def test_a_broken_constraint_is_told_whatever_the_driver_calls_it(catalog):
    class UniqueViolation(Exception):
        """psycopg's."""

    with pytest.raises(IntegrityError), catalog.writing():
        raise IntegrityError("INSERT", {}, UniqueViolation())


def test_a_file_that_is_no_catalog_is_told_as_such(settings):
    settings.db_dir.mkdir()
    (settings.db_dir / "catalog.sqlite").write_bytes(b"not a database, whatever its name says\n" * 100)
    with pytest.raises(CatalogUnavailable, match="not a database"):
        Catalog.open(settings)
