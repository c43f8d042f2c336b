import pytest

from app.errors import CatalogUnavailable
from app.storage.catalog.advisory_lock import AdvisoryLock
from app.storage.catalog.database import Catalog
from tests.builders import settings_in

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
KEY = 7


@pytest.fixture
def another(settings, tmp_path):
    """The same catalog, opened on another machine."""
    opened = Catalog.open(settings_in(tmp_path / "elsewhere", database_url=settings.database_url))
    yield opened
    opened.close()


def test_one_of_two_gets_it_and_the_other_once_it_is_released(catalog, another):
    first, second = AdvisoryLock(catalog, KEY), AdvisoryLock(another, KEY)
    assert first.acquire() and first.acquire()
    assert not second.acquire()
    first.release()
    first.release()
    assert second.acquire()
    assert not first.acquire()
    second.release()


def test_who_tries_in_vain_keeps_no_connection(catalog, another):
    first, second = AdvisoryLock(catalog, KEY), AdvisoryLock(another, KEY)
    assert first.acquire()
    assert not any(second.acquire() for _ in range(20))
    assert another.engine.pool.checkedout() == 0
    assert catalog.engine.pool.checkedout() == 0
    first.release()


def test_who_loses_the_connection_has_lost_the_lock_and_learns_it_when_asking(
    catalog, another, postgresql, database_url
):
    first, second = AdvisoryLock(catalog, KEY), AdvisoryLock(another, KEY)
    assert first.acquire()
    assert postgresql.cut_off_who_holds_a_lock(database_url) == 1
    assert second.acquire()
    assert not first.acquire()
    second.release()


def test_a_lock_lost_and_taken_by_nobody_is_had_again(catalog, another, postgresql, database_url):
    first, second = AdvisoryLock(catalog, KEY), AdvisoryLock(another, KEY)
    assert first.acquire()
    assert postgresql.cut_off_who_holds_a_lock(database_url) == 1
    assert first.acquire()
    assert not second.acquire()
    first.release()


def test_while_the_server_is_away_nobody_has_the_lock(catalog, postgresql):
    lock = AdvisoryLock(catalog, KEY)
    assert lock.acquire()
    postgresql.stop()
    try:
        with pytest.raises(CatalogUnavailable):
            lock.acquire()
    finally:
        postgresql.start()
    assert lock.acquire()
    lock.release()
