from __future__ import annotations

import pytest
from sqlalchemy.exc import IntegrityError

from app.storage.catalog.events import Events
from app.storage.catalog.jobs_in_place import FileInPlace, JobsInPlace
from tests.storage.builders import add

pytestmark = pytest.mark.both_databases


@pytest.fixture
def in_place(catalog):
    return JobsInPlace(catalog)


def file(number, version="1"):
    return FileInPlace(f"/wells/{number}.csv", f"{number}.csv", number, version)


def test_many_get_their_jobs_in_one_go_and_everybody_hears_of_each(catalog, jobs, in_place):
    job_ids = in_place.add([file(number) for number in range(1, 301)], 5.0)
    assert len(set(job_ids)) == 300
    job = jobs.get(job_ids[41])
    assert (job.name, job.path, job.file_version, job.size_bytes) == ("42.csv", "/wells/42.csv", "1", 42)
    assert (job.state, job.created_at, job.claim) == ("queued", 5.0, None)
    assert [event.data["id"] for event in Events(catalog).after(0)] == job_ids


def test_all_get_a_job_or_none_does(in_place):
    broken = FileInPlace("/wells/b.csv", None, 1, "1")
    with pytest.raises(IntegrityError):
        in_place.add([file(1), broken], 0.0)
    assert in_place.newest_of(["/wells/1.csv"]) == {}


def test_one_can_be_taken_at_once(jobs, in_place):
    job, lease = in_place.take(file(1), "me", 60.0, 5.0)
    jobs.progress(lease, 6.0, 1, 2)
    job = jobs.get(job.id)
    assert (job.state, job.attempts, job.path, job.lease_until) == ("running", 1, "/wells/1.csv", 66.0)


def test_the_newest_job_of_a_path_is_found(in_place):
    in_place.add([file(1), file(2), file(3)], 0.0)
    (again,) = in_place.add([file(1, "2")], 1.0)
    found = in_place.newest_of(["/wells/1.csv", "/wells/2.csv", "/wells/4.csv"])
    assert {path: (job.id, job.file_version) for path, job in found.items()} == {
        "/wells/1.csv": (again, "2"),
        "/wells/2.csv": (2, "1"),
    }


def test_of_some_jobs_those_there_are_are_given(in_place):
    job_ids = in_place.add([file(1), file(2)], 0.0)
    assert [job.id for job in in_place.having({*job_ids, 99})] == job_ids


def test_a_file_that_was_dropped_goes_before_those_that_are_read_where_they_lie(jobs, in_place):
    first, second = in_place.add([file(1), file(2)], 0.0)
    dropped = add(jobs, "dropped.csv")
    taken = [jobs.lease_next("me", 60.0, 1.0)[0].id for _ in range(3)]
    assert taken == [dropped, first, second]


def test_so_does_one_that_has_landed(jobs, in_place):
    bulk = FileInPlace("s3://wells/incoming_2/1.csv", "1.csv", 10, "1")
    landed = FileInPlace("s3://wells/incoming/2.csv", "2.csv", 10, "1")
    first, second = in_place.add([bulk, landed], 0.0)
    taken = [jobs.lease_next("me", 60.0, 1.0, "s3://wells/incoming/")[0].id for _ in range(2)]
    assert taken == [second, first]
