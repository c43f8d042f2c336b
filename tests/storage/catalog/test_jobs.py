import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.errors import CatalogUnavailable, FileError, JobNotFound, LeaseLost, Reason
from app.storage.catalog.jobs import Jobs
from app.storage.catalog.leases import Lease
from app.storage.catalog.tables import JobState
from tests.storage.builders import add, committed, finished, leased

pytestmark = pytest.mark.both_databases


def test_a_new_job_waits_with_what_is_known_of_its_file(jobs):
    job = jobs.get(add(jobs, now=5.0))
    assert (job.id, job.name, job.size_bytes, job.created_at) == (1, "a.csv", 10, 5.0)
    assert (job.state, job.attempts, job.crashes, job.image_ids) == ("queued", 0, 0, [])
    assert (job.claim, job.path, job.settled, job.lease) == ("claim of a.csv", None, False, None)


def test_ids_are_never_used_again_even_when_their_rows_are_gone(catalog, jobs):
    last = [add(jobs, name) for name in "abc"][-1]
    with catalog.writing() as session:
        session.execute(text("DELETE FROM jobs"))
    assert add(jobs) == last + 1


@pytest.mark.parametrize("job_id", [0, -1, 99, 2**63, 10**30])
def test_an_unknown_job_is_told_by_its_id(jobs, job_id):
    with pytest.raises(JobNotFound) as caught:
        jobs.get(job_id)
    assert caught.value.details == {"job_id": job_id}


def test_the_oldest_waiting_job_is_leased_first_and_each_once(jobs):
    ids = [add(jobs, name) for name in "abc"]
    taken = [jobs.lease_next("me", 60.0, 1.0) for _ in ids]
    assert [job.id for job, _ in taken] == ids
    assert len({lease.token for _, lease in taken}) == 3
    assert jobs.lease_next("me", 60.0, 1.0) is None
    job = jobs.get(ids[0])
    assert (job.state, job.attempts, job.started_at, job.lease_until) == ("running", 1, 1.0, 61.0)


def test_those_who_ask_at_once_get_a_job_each(jobs, catalogs):
    wanted = [add(jobs, f"{number}.csv") for number in range(40)]

    together = threading.Barrier(len(catalogs))

    def lease_all(catalog):
        leased_jobs = []
        together.wait(20)
        while found := Jobs(catalog).lease_next("me", 60.0, 0.0):
            leased_jobs.append(found[0].id)
        return leased_jobs

    with ThreadPoolExecutor(len(catalogs)) as pool:
        got = [job_id for some in pool.map(lease_all, catalogs) for job_id in some]
    assert sorted(got) == wanted


def test_of_those_that_end_a_job_at_once_one_does_and_the_others_have_lost_it(jobs, catalogs):
    lease, together = leased(jobs), threading.Barrier(len(catalogs))

    def put_back(catalog):
        together.wait(20)
        try:
            Jobs(catalog).put_back(lease)
        except LeaseLost:
            return False
        return True

    with ThreadPoolExecutor(len(catalogs)) as pool:
        assert sum(pool.map(put_back, catalogs)) == 1
    assert jobs.get(lease.job_id).attempts == 0


def test_a_lapsed_lease_is_taken_over_and_its_old_holder_changes_nothing_more(jobs):
    add(jobs)
    _, old = jobs.lease_next("me", 60.0, 0.0)
    jobs.progress(old, 30.0, 100, 200)
    assert jobs.lease_next("another", 60.0, 90.0) is None
    job, new = jobs.lease_next("another", 60.0, 90.1)
    assert (job.id, job.attempts, job.rows_done, job.rows_total) == (old.job_id, 2, 0, None)
    error = FileError(Reason.NO_ROWS, "empty")
    for change in (
        lambda: jobs.progress(old, 91.0, 1, None),
        lambda: jobs.note_content(old, "abc", 1),
        lambda: jobs.duplicate(old, 91.0, [1]),
        lambda: jobs.fail(old, 91.0, error),
        lambda: jobs.retry_later(old, 91.0, "disk", "full"),
        lambda: jobs.put_back(old),
        lambda: jobs.charge(old, 91.0, lambda crashes: error, lambda crashes: 1.0),
        lambda: jobs.settle(old),
        lambda: jobs.reserve_target(old, "processed/a.csv"),
    ):
        with pytest.raises(LeaseLost):
            change()
    job = jobs.get(old.job_id)
    assert (job.state, job.lease, job.rows_done, job.sha256, job.crashes) == (
        "running",
        new.token,
        0,
        None,
        0,
    )


def test_a_lease_taken_between_the_look_and_the_lock_is_not_taken_twice(jobs, monkeypatch):
    add(jobs)
    writing = type(jobs.catalog).writing
    others = []

    def late(catalog):
        if not others:
            others.append(None)
            others.append(jobs.lease_next("another", 60.0, 0.0))
        return writing(catalog)

    monkeypatch.setattr(type(jobs.catalog), "writing", late)
    assert jobs.lease_next("me", 60.0, 0.0) is None
    assert others[1] is not None


def test_a_job_that_is_to_wait_is_not_leased_before_its_time(jobs):
    lease = leased(jobs)
    jobs.retry_later(lease, 100.0, "storage_unavailable", "the disk is full")
    job = jobs.get(lease.job_id)
    assert (job.state, job.lease, job.lease_until) == ("retrying", None, None)
    assert (job.reason, job.message) == ("storage_unavailable", "the disk is full")
    assert jobs.lease_next("me", 60.0, 99.9) is None
    job, _ = jobs.lease_next("me", 60.0, 100.0)
    assert job.attempts == 2


def test_a_job_put_back_is_due_at_once_and_was_not_attempted(jobs):
    lease = leased(jobs)
    jobs.put_back(lease)
    job = jobs.get(lease.job_id)
    assert (job.state, job.attempts, job.crashes) == ("queued", 0, 0)
    assert jobs.lease_next("me", 60.0, 0.0) is not None


def test_crashes_are_counted_and_said_until_the_last_try_has_failed(jobs):
    lease = leased(jobs, now=0.0)
    for crashes in (1, 2):
        assert charge(jobs, lease, 10.0 * crashes) == "retrying"
        job = jobs.get(lease.job_id)
        assert (job.crashes, job.reason, job.message) == (crashes, "worker_died", f"died {crashes} times")
        assert (job.not_before, job.lease, job.finished_at) == (10.0 * crashes + 2.0, None, None)
        _, lease = jobs.lease_next("me", 60.0, 100.0)
    assert charge(jobs, lease, 30.0) == "failed"
    job = jobs.get(lease.job_id)
    assert (job.crashes, job.message, job.finished_at, job.lease) == (3, "died 3 times", 30.0, lease.token)


def charge(jobs, lease, now):
    """Two more tries, after 2 s each."""
    return jobs.charge(
        lease,
        now,
        lambda crashes: FileError(Reason.WORKER_DIED, f"died {crashes} times"),
        lambda crashes: 2.0 if crashes < 3 else None,
    )


def test_a_crash_that_the_catalog_could_not_take_down_is_counted_once(jobs):
    """It fails at the very end, and is told again: a worker that died once has died once."""
    lease = leased(jobs)

    def refuse(session):
        raise OperationalError("COMMIT", {}, Exception("disk full"))

    event.listen(Session, "before_commit", refuse)
    try:
        with pytest.raises(CatalogUnavailable):
            charge(jobs, lease, 1.0)
    finally:
        event.remove(Session, "before_commit", refuse)
    charge(jobs, lease, 1.0)
    assert jobs.get(lease.job_id).crashes == 1


def test_a_waiting_job_can_be_asked_to_run_at_once(jobs):
    lease = leased(jobs)
    jobs.retry_later(lease, 50.0, "later", "later")
    revived = jobs.revive(lease.job_id, None)
    assert (revived.state, revived.reason) == ("queued", None)
    assert jobs.lease_next("me", 60.0, 0.0) is not None
    with pytest.raises(LeaseLost):
        jobs.revive(lease.job_id, None)
    with pytest.raises(JobNotFound):
        jobs.revive(99, None)


def test_a_failed_job_starts_anew_with_its_file_once_that_was_moved(jobs):
    charge(jobs, leased(jobs), 0.0)
    _, lease = jobs.lease_next("me", 60.0, 2.0)
    jobs.fail(lease, 5.0, FileError(Reason.NOT_A_NUMBER, "no number", row=5, column="col7", value="x"))
    with pytest.raises(LeaseLost):
        jobs.revive(lease.job_id, "token")
    jobs.reserve_target(lease, "failed/a.csv")
    jobs.settle(lease)
    job = jobs.revive(lease.job_id, "token")
    assert (job.state, job.claim, job.target, job.settled) == ("queued", "token", None, False)
    assert (job.reason, job.row, job.column, job.value, job.finished_at) == (None,) * 5
    assert (job.crashes, job.attempts) == (0, 0)


def test_progress_and_content_are_noted(jobs):
    lease = leased(jobs)
    jobs.note_content(lease, "abc", 77)
    jobs.progress(lease, 30.0, 100, 200)
    job = jobs.get(lease.job_id)
    assert (job.sha256, job.size_bytes, job.rows_done, job.rows_total) == ("abc", 77, 100, 200)
    assert job.lease_until == 90.0


def test_a_duplicate_names_the_image_it_equals(jobs, images):
    image_id = committed(jobs, images)
    lease = leased(jobs)
    assert jobs.duplicate(lease, 9.0, [image_id])
    job = jobs.get(lease.job_id)
    assert (job.state, job.image_ids, job.finished_at, job.reason) == ("duplicate", [image_id], 9.0, None)
    assert f"image {image_id}" in job.message


def test_nothing_is_a_duplicate_of_an_image_that_is_no_more(jobs, images):
    image_id = committed(jobs, images)
    images.delete(image_id, 1.0)
    lease = leased(jobs)
    for gone in (image_id, 99):
        assert not jobs.duplicate(lease, 9.0, [gone])
        assert jobs.get(lease.job_id).state == "running"


def test_a_failure_says_where_in_the_file_it_lies(jobs):
    lease = leased(jobs)
    jobs.retry_later(lease, 0.0, "earlier", "earlier trouble")
    _, lease = jobs.lease_next("me", 60.0, 0.0)
    jobs.fail(lease, 9.0, FileError(Reason.NOT_A_NUMBER, "not a number", row=5, column="col7", value="x"))
    job = jobs.get(lease.job_id)
    assert (job.state, job.reason, job.message) == ("failed", "not_a_number", "not a number")
    assert (job.row, job.column, job.value, job.image_ids) == (5, "col7", "x", [])


def test_claims_are_those_of_files_still_in_processing(jobs):
    add(jobs, "a.csv")
    leased(jobs, "read in place.csv")
    job, lease = jobs.add_leased("b.csv", 1, 0.0, claim="claim of b.csv", path=None, owner="me", seconds=60.0)
    assert jobs.claims() == {"claim of a.csv", "claim of b.csv"}
    jobs.fail(lease, 0.0, FileError(Reason.NO_ROWS, "empty"))
    jobs.settle(lease)
    assert jobs.claims() == {"claim of a.csv"}
    assert (jobs.get(job.id).settled, jobs.get(job.id).lease) == (True, None)


def test_a_target_belongs_to_one_unsettled_job_at_a_time(jobs):
    first, second = finished(jobs, "a.csv"), finished(jobs, "b.csv")
    assert jobs.reserve_target(first, "processed/a.csv")
    assert jobs.reserve_target(first, "processed/a.csv")
    assert not jobs.reserve_target(second, "processed/a.csv")
    assert jobs.get(second.job_id).target is None
    assert jobs.reserve_target(second, "processed/a-1.csv")
    jobs.settle(first)
    assert jobs.reserve_target(second, "processed/a.csv")


def test_an_unfinished_job_has_no_file_to_move(jobs):
    lease = leased(jobs)
    with pytest.raises(LeaseLost):
        jobs.reserve_target(lease, "processed/a.csv")
    with pytest.raises(LeaseLost):
        jobs.settle(lease)
    assert jobs.lease_unsettled("another", 60.0, 1e9) is None


def test_a_finished_file_that_nobody_moves_is_taken_up_by_another(jobs):
    lease = finished(jobs, now=0.0)
    assert jobs.lease_unsettled("another", 60.0, 60.0) is None
    job, new = jobs.lease_unsettled("another", 60.0, 60.1)
    assert (job.id, job.state, job.lease) == (lease.job_id, "failed", new.token)
    assert jobs.lease_unsettled("a third", 60.0, 61.0) is None
    with pytest.raises(LeaseLost):
        jobs.reserve_target(lease, "processed/a.csv")
    assert jobs.reserve_target(new, "processed/a.csv")
    jobs.settle(new)
    assert jobs.lease_unsettled("another", 60.0, 1e9) is None


def test_an_unsettled_file_taken_between_the_look_and_the_lock_is_left_to_its_taker(jobs, monkeypatch):
    finished(jobs)
    writing = type(jobs.catalog).writing
    others = []

    def late(catalog):
        if not others:
            others.append(None)
            others.append(jobs.lease_unsettled("another", 60.0, 100.0))
        return writing(catalog)

    monkeypatch.setattr(type(jobs.catalog), "writing", late)
    assert jobs.lease_unsettled("me", 60.0, 100.0) is None
    assert others[1] is not None


def test_all_that_a_dead_process_worked_on_is_released_and_nothing_else(jobs):
    mine, done = leased(jobs, "a.csv", owner="host_1"), leased(jobs, "b.csv", owner="host_1")
    jobs.fail(done, 0.0, FileError(Reason.NO_ROWS, "empty"))
    others = [leased(jobs, f"{owner}.csv", owner=owner) for owner in ("host_12", "hostx1", "host%", "host")]
    jobs.release_all_of("host_1")
    assert jobs.get(mine.job_id).state == JobState.QUEUED
    assert jobs.lease_unsettled("another", 60.0, 0.0)[0].id == done.job_id
    for lease in others:
        jobs.progress(lease, 1.0, 1, None)
    with pytest.raises(LeaseLost):
        jobs.progress(mine, 1.0, 1, None)


def test_a_lease_of_a_job_that_is_no_more_is_lost(jobs):
    with pytest.raises(LeaseLost):
        jobs.progress(Lease(99, "me/1", 60.0), 0.0, 1, None)
    with pytest.raises(LeaseLost):
        jobs.settle(Lease(99, "me/1", 60.0))
