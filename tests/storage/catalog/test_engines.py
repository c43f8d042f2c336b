import socket
import sys
import time

import pytest
from sqlalchemy import make_url, text

from app.errors import CatalogUnavailable
from app.storage.catalog import engines
from app.storage.catalog.database import Catalog
from app.storage.catalog.engines import catalog_url
from app.storage.catalog.history import History
from tests.builders import settings_in
from tests.postgresql import PASSWORD


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_is_known_by_every_usual_name(tmp_path, scheme):
    url = catalog_url(
        settings_in(tmp_path, database_url=f"{scheme}://somebody:secret@db:5433/wells?sslmode=require")
    )
    assert url.render_as_string(hide_password=False) == (
        "postgresql+psycopg://somebody:secret@db:5433/wells?sslmode=require"
    )


def test_another_driver_is_left_alone_where_it_is_installed(tmp_path):
    with pytest.raises(RuntimeError, match="needs the driver psycopg2"):
        catalog_url(settings_in(tmp_path, database_url="postgresql+psycopg2://db/wells"))


@pytest.mark.parametrize("missing", ["psycopg", "psycopg.pq"])
def test_a_driver_that_is_not_there_is_told_with_what_brings_it(tmp_path, monkeypatch, missing):
    for name in [name for name in sys.modules if name.startswith("psycopg")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(RuntimeError, match=r"driver psycopg.*requirements-cluster\.txt"):
        catalog_url(settings_in(tmp_path, database_url="postgres://somebody:secret@db/wells"))


@pytest.mark.parametrize("url", ["somebody:secret@db", "postgres://somebody:secret@db:port/wells"])
def test_what_is_no_url_is_not_repeated(tmp_path, url):
    with pytest.raises(RuntimeError, match="not an SQLAlchemy URL") as error:
        catalog_url(settings_in(tmp_path, database_url=url))
    assert "secret" not in str(error.value)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_nothing_on_postgresql_waits_for_ever(catalog):
    with catalog.reading() as session:
        said = {
            name: session.scalar(text(f"SHOW {name}"))
            for name in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
        }
        connection = session.connection().connection.driver_connection.info.get_parameters()
    assert said == {
        "lock_timeout": "10s",
        "statement_timeout": "12s",
        "idle_in_transaction_session_timeout": "1min",
    }
    assert (connection["connect_timeout"], connection["tcp_user_timeout"]) == ("5", "12000")
    assert catalog.engine.pool.timeout() == engines.BUSY_SECONDS


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_what_the_url_says_of_its_connections_holds(database_url):
    catalog = Catalog(make_url(database_url).update_query_dict({"connect_timeout": "9"}))
    with catalog.reading() as session:
        assert (
            session.connection().connection.driver_connection.info.get_parameters()["connect_timeout"] == "9"
        )
    catalog.close()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_wrong_password_is_told_and_not_repeated(database_url, tmp_path):
    url = make_url(database_url).set(password="hunter2").render_as_string(hide_password=False)
    with pytest.raises(CatalogUnavailable, match="password authentication failed") as error:
        Catalog.open(settings_in(tmp_path, database_url=url))
    told = f"{error.value} {error.value.__cause__} {error.value.__cause__!r}"
    assert "hunter2" not in told and PASSWORD not in told
    assert "\n" not in str(error.value)


def test_a_server_that_accepts_and_never_answers_is_given_up_on(tmp_path, silent_server):
    catalog = Catalog(
        f"postgresql+psycopg://somebody:secret@127.0.0.1:{silent_server}/wells?connect_timeout=2"
    )
    began = time.monotonic()
    with pytest.raises(CatalogUnavailable, match="timeout"):
        History(catalog).counts()
    assert time.monotonic() - began < 10
    catalog.close()


@pytest.fixture
def silent_server():
    """The port of a server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]
