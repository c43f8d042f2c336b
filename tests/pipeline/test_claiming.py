"""A claim and its job, with the catalog slow to answer."""

from __future__ import annotations

import os
import time

import pytest

from app.errors import CommitUncertain
from app.pipeline import claiming
from app.pipeline.claiming import enqueue, return_orphans, take
from app.pipeline.job import run_job
from app.storage.catalog import engines
from app.storage.catalog.jobs import Jobs
from tests.builders import tiny_csv

pytestmark = pytest.mark.both_databases


@pytest.mark.parametrize("claimed_by", ["the server", "hand"])
def test_a_file_put_back_while_its_claim_waited_for_the_catalog_gets_no_job(place, monkeypatch, claimed_by):
    """What waits too long looks like what a dead process left behind."""
    file = tiny_csv(place.folders.data / "x.csv")
    writing = type(place.catalog).writing

    def after_a_long_wait(self, *arguments):
        (folder,) = place.folders.processing.iterdir()
        long_ago = time.time() - 2 * claiming.ORPHAN_SECONDS
        os.utime(folder, (long_ago, long_ago))
        assert [orphan.token for orphan in return_orphans(place)] == [folder.name]
        return writing(self, *arguments)

    with monkeypatch.context() as patched:
        patched.setattr(type(place.catalog), "writing", after_a_long_wait)
        found = enqueue(place, "x.csv") if claimed_by == "the server" else take(place, "x.csv", "me", 60.0)
    assert found is None
    assert place.history.page(10)[1] == 0
    assert file.exists()
    assert enqueue(place, "x.csv") is not None


def test_a_file_whose_job_may_have_been_made_is_left_to_it(place, monkeypatch):
    """PostgreSQL took the commit, and the connection broke before it could say so."""
    tiny_csv(place.folders.data / "x.csv")
    add = Jobs.add

    def answer_is_lost(self, *arguments, **named):
        add(self, *arguments, **named)
        raise CommitUncertain("the catalog does not answer")

    with monkeypatch.context() as patched:
        patched.setattr(Jobs, "add", answer_is_lost)
        with pytest.raises(CommitUncertain):
            enqueue(place, "x.csv")
    assert not (place.folders.data / "x.csv").exists()
    job, lease = place.jobs.lease_next("me", 60.0, time.time())
    run_job(place, job, lease)
    assert place.jobs.get(job.id).state == "stored"
    assert place.history.page(10)[1] == 1


def test_a_file_whose_job_was_not_made_comes_back_however_uncertain_that_was(place, monkeypatch):
    file = tiny_csv(place.folders.data / "x.csv")

    def lost(*_, **__):
        raise CommitUncertain("the catalog does not answer")

    with monkeypatch.context() as patched:
        patched.setattr(Jobs, "add", lost)
        with pytest.raises(CommitUncertain):
            enqueue(place, "x.csv")
    assert return_orphans(place) == []
    monkeypatch.setattr(claiming, "ORPHAN_SECONDS", 0.0)
    assert [orphan.path.name for orphan in return_orphans(place)] == ["x.csv"]
    assert file.exists()


def test_a_claim_outlasts_every_wait_for_the_catalog():
    assert claiming.ORPHAN_SECONDS >= 6 * engines.BUSY_SECONDS
