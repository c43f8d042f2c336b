import sqlite3
import threading

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError

from app.errors import CatalogUnavailable, CommitUncertain, InvalidParameter
from app.storage.catalog import engines
from app.storage.catalog.database import Catalog
from app.storage.catalog.events import Events, announce
from app.storage.catalog.history import History, JobFilter
from app.storage.catalog.jobs import Jobs
from app.storage.catalog.pipeline import PipelineBoard
from app.storage.catalog.tables import EventKind, Job, PipelineState
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


@pytest.mark.both_databases
def test_when_every_connection_waits_the_next_caller_is_told(catalog, monkeypatch):
    monkeypatch.setattr(catalog.engine.pool, "_timeout", 0.05)
    monkeypatch.setattr(catalog.engine.pool, "_max_overflow", 1)
    sessions = [catalog.reading() for _ in range(6)]
    for session in sessions:
        session.__enter__().execute(text("SELECT 1"))
    with pytest.raises(CatalogUnavailable):
        Jobs(catalog).get(1)
    for session in sessions:
        session.__exit__(None, None, None)
    assert History(catalog).page(1) == ([], 0)


@pytest.mark.both_databases
def test_what_is_locked_in_a_writing_block_is_still_true_when_it_writes(catalog, catalogs):
    """Ten add five each: a read without a lock would lose some of them."""
    jobs = Jobs(catalog)
    job_id = jobs.add("a.csv", 0, 0.0, claim=None, path="a.csv")

    def add_one(each):
        for _ in range(5):
            with each.writing() as session:
                session.get_one(Job, job_id, with_for_update=True).size_bytes += 1

    threads = [threading.Thread(target=add_one, args=(each,)) for each in catalogs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert jobs.get(job_id).size_bytes == 50


@pytest.mark.both_databases
@pytest.mark.parametrize("durable", [True, False])
def test_a_block_that_raises_leaves_nothing(catalog, durable):
    with pytest.raises(ZeroDivisionError), catalog.writing(durable=durable) as session:
        session.add(PipelineState(id=1, wanted=True))
        announce(session, EventKind.PIPELINE, {})
        session.flush()
        _ = 1 / 0
    assert not PipelineBoard(catalog).read().wanted
    assert Events(catalog).latest() == 0


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


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("made", [True, False])
def test_a_commit_whose_answer_is_lost_is_told_from_one_that_was_not_made(
    catalog, postgresql, database_url, made
):
    """The server ends the connection just before it is asked to commit, or before it is asked anything."""
    end = (
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE state LIKE 'idle in%' AND pid = "
    )
    with pytest.raises(CatalogUnavailable) as error, catalog.writing() as session:
        pid = session.scalar(text("SELECT pg_backend_pid()"))
        if made:
            end_at_commit(session, lambda: postgresql.execute(database_url, f"{end}{pid}"))
        else:
            postgresql.execute(database_url, f"{end}{pid}")
            session.execute(text("SELECT 1"))
    assert isinstance(error.value, CommitUncertain) is made
    assert Jobs(catalog).claims() == set(), "the next connection is a new one"


def end_at_commit(session, end):
    event.listen(session, "before_commit", lambda _: end(), once=True)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_what_postgresql_cannot_look_for_is_told_as_the_callers_fault(catalog):
    with pytest.raises(InvalidParameter, match="NUL"):
        History(catalog).page(1, chosen=JobFilter(name="a\0b"))


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
