from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import event, func, select, text

from app.errors import FileError, LeaseLost, Reason
from app.storage.catalog.history import History, JobFilter
from app.storage.catalog.jobs import Jobs
from app.storage.catalog.tables import Job, JobState
from tests.storage.builders import add, committed, finished, leased

pytestmark = pytest.mark.both_databases


@pytest.fixture
def history(catalog):
    return History(catalog)


def really(catalog):
    """By counting every row."""
    with catalog.reading() as session:
        counted = dict(session.execute(select(Job.state, func.count()).group_by(Job.state)).all())
    return {state.value: 0 for state in JobState} | counted


def test_counts_follow_a_job_through_all_its_states(catalog, jobs, images, history):
    def counted():
        assert history.counts() == really(catalog)
        return {state: count for state, count in history.counts().items() if count}

    assert counted() == {}
    add(jobs)
    assert counted() == {"queued": 1}
    _, lease = jobs.lease_next("me", 60.0, 0.0)
    assert counted() == {"running": 1}
    jobs.retry_later(lease, 5.0, "disk_full", "full")
    assert counted() == {"retrying": 1}
    _, lease = jobs.lease_next("me", 60.0, 5.0)
    jobs.fail(lease, 6.0, FileError(Reason.NO_ROWS, "empty"))
    jobs.settle(lease)
    assert counted() == {"failed": 1}
    jobs.revive(lease.job_id, "another claim")
    assert counted() == {"queued": 1}
    image_id = committed(jobs, images)
    assert counted() == {"queued": 1, "stored": 1}
    assert jobs.duplicate(leased(jobs, "b.csv"), 7.0, [image_id])
    assert counted() == {"queued": 1, "stored": 1, "duplicate": 1}
    history.prune(finished_before=1e12)  # of which none was moved
    for lease in list(iter(lambda: jobs.lease_unsettled("me", 60.0, 1e9), None)):
        jobs.settle(lease[1])
    assert history.prune(finished_before=1e12) == 2
    assert counted() == {"queued": 1}


def test_a_transaction_that_fails_counts_nothing(catalog, jobs, history):
    lease = leased(jobs)
    with pytest.raises(LeaseLost), catalog.writing() as session:
        session.get_one(Job, lease.job_id).state = JobState.STORED
        session.flush()
        raise LeaseLost("at the last moment")
    assert history.counts() == really(catalog)
    assert history.counts()["running"] == 1


def test_those_that_end_at_once_are_all_counted(catalog, jobs, catalogs, history):
    leases = [[leased(jobs, f"{number}.csv") for number in range(8)] for _ in catalogs]
    together = threading.Barrier(len(catalogs))

    def fail_all(catalog, leases):
        together.wait(20)
        for lease in leases:
            Jobs(catalog).fail(lease, 1.0, FileError(Reason.NO_ROWS, "empty"))

    with ThreadPoolExecutor(len(catalogs)) as pool:
        list(pool.map(fail_all, catalogs, leases))
    assert history.counts() == really(catalog)
    assert history.counts()["failed"] == 8 * len(catalogs)


def test_what_was_done_to_the_table_from_outside_is_counted_anew(catalog, jobs, history):
    finished(jobs, "a.csv"), finished(jobs, "b.csv")
    with catalog.writing() as session:
        session.execute(text("DELETE FROM jobs WHERE name = 'a.csv'"))
    assert history.counts() != really(catalog)
    history.recount()
    assert history.counts() == really(catalog)


def test_the_history_says_how_many_there_are_without_a_filter_and_with(jobs, history):
    for name in "abc":
        finished(jobs, name)
    add(jobs, "d")
    assert history.page(1)[1] == 4
    assert history.page(1, chosen=JobFilter(JobState.FAILED))[1] == 3
    assert history.page(1, chosen=JobFilter(JobState.STORED))[1] == 0
    assert history.page(1, chosen=JobFilter(JobState.FAILED, name="a"))[1] == 1


MANY = 20_000


def test_nobody_reads_all_jobs_to_say_how_many_there_are(catalog, jobs, history):
    """Rows read, as the databases count them, of what the status, the metrics and the statistics ask for."""
    numbers = (
        f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {MANY}) SELECT i FROM n"
    )
    columns = (
        "name, state, size_bytes, created_at, finished_at, settled, "
        "attempts, crashes, not_before, rows_done, image_ids"
    )
    with catalog.writing() as session:
        session.execute(
            text(
                f"INSERT INTO jobs ({columns}) SELECT 'x.csv', 'stored', 1, i, i, true, 1, 0, 0, 1, '[]' "
                f"FROM ({numbers}) AS numbers"
            )
        )
    history.recount()
    add(jobs), leased(jobs, "running.csv")
    if catalog.on_postgresql:
        with catalog.engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("VACUUM ANALYZE jobs"))
    for ask in (
        history.counts,
        history.unsettled,
        history.waiting_since,
        history.last_stored_at,
        lambda: history.in_state(JobState.RUNNING),
        lambda: history.page(10),
        lambda: history.prune(finished_before=0.0),
    ):
        assert cost_of(catalog, ask) < MANY / 50
    assert history.counts() == {state.value: 0 for state in JobState} | {
        "stored": MANY, "queued": 1, "running": 1
    }  # fmt: skip
    assert history.last_stored_at() == MANY


def cost_of(catalog, ask):
    """Rows read on PostgreSQL, tens of steps of its virtual machine on SQLite."""
    return _rows_read(catalog, ask) if catalog.on_postgresql else _steps(catalog, ask)


def _steps(catalog, ask):
    steps = []
    with catalog.engine.connect() as connection:
        driver = connection.connection.driver_connection
    driver.set_progress_handler(
        lambda: steps.append(1), 10
    )  # a pool of one thread gives this connection again
    ask()
    driver.set_progress_handler(None, 0)
    return len(steps)


def _rows_read(catalog, ask):
    statements = []

    def note(connection, cursor, statement, parameters, context, executemany):
        statements.append((statement, parameters))

    event.listen(catalog.engine, "before_cursor_execute", note)
    ask()
    event.remove(catalog.engine, "before_cursor_execute", note)
    read = 0
    with catalog.engine.connect() as connection:
        for statement, parameters in statements:
            explained = "EXPLAIN (ANALYZE, FORMAT JSON) " + statement
            (plans,) = connection.exec_driver_sql(explained, parameters).scalars()
            read += sum(map(_rows_of, _nodes(plans[0]["Plan"])))
    return read


def _nodes(plan):
    yield plan
    for below in plan.get("Plans", ()):
        yield from _nodes(below)


def _rows_of(node):
    removed = sum(node.get(f"Rows Removed by {what}", 0) for what in ("Filter", "Index Recheck"))
    return (node["Actual Rows"] + removed) * node["Actual Loops"]
