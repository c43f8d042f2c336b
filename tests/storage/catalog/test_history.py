from __future__ import annotations

import pytest

from app.errors import JobNotFound
from app.storage.catalog.history import History, JobFilter
from app.storage.catalog.tables import JobState
from tests.storage.builders import add, finished, leased

pytestmark = pytest.mark.both_databases


@pytest.fixture
def history(catalog):
    return History(catalog)


def test_history_pages_from_the_newest_and_misses_none(jobs, history):
    for number in range(7):
        finished(jobs, f"{number}.csv")
    waiting = add(jobs, "waits.csv")
    page, total = history.page(3)
    assert (len(page), total) == (3, 8)
    add(jobs, "comes meanwhile.csv")
    seen = []
    while page:
        seen += [job.id for job in page]
        page, total = history.page(3, before=seen[-1])
        assert total == 9
    assert seen == list(range(8, 0, -1))
    page, total = history.page(10, chosen=JobFilter(JobState.QUEUED))
    assert (page[-1].id, total) == (waiting, 2)
    assert history.page(10, chosen=JobFilter(JobState.STORED)) == ([], 0)


def test_jobs_are_found_and_counted_by_state(jobs, history):
    done, waiting, running = finished(jobs).job_id, add(jobs, "b.csv"), leased(jobs, "c.csv").job_id
    assert [job.id for job in history.in_state(JobState.QUEUED, JobState.RUNNING)] == [waiting, running]
    assert [job.id for job in history.in_state(JobState.FAILED)] == [done]
    counts = {"queued": 1, "running": 1, "retrying": 0, "stored": 0, "duplicate": 0, "failed": 1}
    assert history.counts() == counts


def test_jobs_are_found_by_a_part_of_their_name_and_by_time(jobs, history):
    for moment, name in enumerate(("North_1.csv", "south 100%.csv", "north_2.csv")):
        jobs.add(name, 1, float(moment), claim=None, path=name)

    def names(**chosen):
        return [job.name for job in history.page(10, chosen=JobFilter(**chosen))[0]]

    assert names(name="north_") == ["north_2.csv", "North_1.csv"]
    assert names(name="0%") == ["south 100%.csv"]
    assert names(name="_") == ["north_2.csv", "North_1.csv"]
    assert names(since=1.0) == ["north_2.csv", "south 100%.csv"]
    assert names(since=1.0, until=1.0) == ["south 100%.csv"]


def test_pruning_forgets_only_what_ended_and_was_moved(jobs, history):
    moved, unmoved, waiting = finished(jobs, "a.csv"), finished(jobs, "b.csv"), add(jobs, "c.csv")
    jobs.settle(moved)
    assert history.prune(finished_before=1e12) == 1
    assert history.unsettled() == 1
    with pytest.raises(JobNotFound):
        jobs.get(moved.job_id)
    assert jobs.get(unmoved.job_id).id and jobs.get(waiting).id
