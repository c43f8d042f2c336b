"""PostgreSQL is stopped in the middle of its work, and says nothing any more."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import text

from app.errors import CatalogUnavailable
from app.storage.catalog import patience
from app.storage.catalog.database import Catalog
from app.storage.catalog.history import History
from tests.conftest import started_postgresql


@pytest.fixture(scope="module")
def server():
    with started_postgresql() as started:
        yield started


@pytest.fixture
def catalog(server, monkeypatch):
    monkeypatch.setattr(patience, "PING_SECONDS", 0.5)
    monkeypatch.setattr(patience, "STATEMENT_SECONDS", 1.0)
    opened = Catalog(server.new_database() + "?connect_timeout=2")
    yield opened
    opened.close()


def seconds_until_refused(act):
    began = time.monotonic()
    with pytest.raises(CatalogUnavailable):
        act()
    return time.monotonic() - began


def test_whoever_asks_a_server_that_hangs_is_told_soon_and_answered_when_it_goes_on(server, catalog):
    history = History(catalog)
    assert history.page(1) == ([], 0)
    with server.hanging():
        assert seconds_until_refused(lambda: history.page(1)) < 5
    assert history.page(1) == ([], 0)


def test_so_is_who_waits_in_the_middle_of_a_transaction(server, catalog):
    def reads():
        with catalog.reading() as session:
            session.execute(text("SELECT 1"))
            with server.hanging():
                session.execute(text("SELECT 2"))

    assert 0.9 < seconds_until_refused(reads) < 5


def test_a_statement_that_takes_long_is_the_servers_to_end(catalog):
    with pytest.raises(CatalogUnavailable, match="statement timeout"), catalog.reading() as session:
        session.execute(text("SET LOCAL statement_timeout = '0.2s'"))
        session.execute(text("SELECT pg_sleep(30)"))
