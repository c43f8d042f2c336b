"""Events are read by "later than the last one I saw": an id must never be seen before a lower one."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import event, text

from app.errors import CatalogUnavailable
from app.storage.catalog import engines
from app.storage.catalog.database import Catalog
from app.storage.catalog.events import Events, announce
from app.storage.catalog.jobs import Jobs
from app.storage.catalog.pipeline import PipelineBoard
from app.storage.catalog.tables import EventKind
from tests.builders import eventually
from tests.storage.builders import add, leased


@pytest.fixture
def events(catalog):
    return Events(catalog)


@pytest.fixture
def held_commit(settings):
    """A catalog whose next commit waits to be let through; whether it waits, and what lets it."""
    opened = Catalog.open(settings)
    waits, let = threading.Event(), threading.Event()

    @event.listens_for(opened.engine, "commit")
    def hold(_connection):
        waits.set()
        assert let.wait(20)

    yield opened, waits, let
    let.set()
    opened.close()


@pytest.mark.both_databases
def test_events_come_in_the_order_of_their_ids_and_are_pruned(catalog, events):
    jobs = Jobs(catalog)
    for name in "abc":
        add(jobs, name)
    told = events.after(0)
    assert [each.data["name"] for each in told] == ["a", "b", "c"]
    assert [each.id for each in told] == [1, 2, 3]
    assert events.latest() == 3
    assert [each.id for each in events.after(1, limit=1)] == [2]
    events.prune(told[-1].at + 1.0)
    assert events.after(0) == []


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_who_commits_later_has_the_later_event(catalog, events, held_commit):
    """The first has its id, and is slow to commit: the second must not be seen before it."""
    slow, waits, let = held_commit
    first = threading.Thread(target=lambda: add(Jobs(slow), "first"))
    first.start()
    assert waits.wait(20)
    second = threading.Thread(target=lambda: add(Jobs(catalog), "second"))
    second.start()
    waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")

    def second_waits():
        with catalog.reading() as session:
            return session.scalar(waiting)

    eventually(second_waits, "the second waits for its turn")
    assert events.after(0) == []
    let.set()
    first.join(20)
    second.join(20)
    assert [each.data["name"] for each in events.after(0)] == ["first", "second"]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_who_changes_without_a_word_waits_for_nobody(catalog, held_commit):
    slow, waits, let = held_commit
    lease = leased(Jobs(catalog), "mine")
    first = threading.Thread(target=lambda: add(Jobs(slow), "first"))
    first.start()
    assert waits.wait(20)
    Jobs(catalog).note_content(lease, "abc", 1)
    assert Jobs(catalog).get(lease.job_id).sha256 == "abc"
    let.set()
    first.join(20)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_who_cannot_have_its_turn_is_told_so_in_time(settings, held_commit, monkeypatch):
    monkeypatch.setattr(engines, "BUSY_SECONDS", 0.1)
    impatient = Catalog.open(settings)
    slow, waits, let = held_commit
    first = threading.Thread(target=lambda: add(Jobs(slow), "first"))
    first.start()
    assert waits.wait(20)
    with pytest.raises(CatalogUnavailable, match="lock timeout"):
        add(Jobs(impatient), "second")
    let.set()
    first.join(20)
    assert [job.data["name"] for job in Events(impatient).after(0)] == ["first"]
    impatient.close()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_reader_misses_nothing_of_many_writers(catalog, catalogs, events):
    """Ten writers, and one who asks for what is later than what it saw."""
    seen, writing = [], threading.Event()

    def write(number):
        jobs, board = Jobs(catalogs[number]), PipelineBoard(catalogs[number])
        lease = leased(jobs, f"{number}")
        for done in range(10):
            jobs.progress(lease, float(done), done, None)
            board.update(waiting=10 * number + done)

    def read():
        while True:
            over = writing.is_set()
            fresh = [each.id for each in events.after(seen[-1] if seen else 0)]
            seen.extend(fresh)
            if over and not fresh:
                return

    reader = threading.Thread(target=read)
    reader.start()
    writers = [threading.Thread(target=write, args=(number,)) for number in range(10)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    writing.set()
    reader.join(60)
    with catalog.reading() as session:
        written = session.scalars(text("SELECT id FROM events ORDER BY id")).all()
    assert len(written) >= 200
    assert seen == list(written)


@pytest.mark.both_databases
def test_events_of_one_transaction_keep_the_order_they_were_announced_in(catalog, events):
    with catalog.writing() as session:
        for number in range(100):
            announce(session, EventKind.IMAGE, {"image_id": number})
    assert [each.data["image_id"] for each in events.after(0)] == list(range(100))
