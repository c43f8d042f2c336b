"""A claim and its job, with the catalog slow to answer."""

from __future__ import annotations

import os
import time

import pytest

from app.pipeline import claiming
from app.pipeline.claiming import enqueue, return_orphans, take
from app.storage.catalog import engines
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


def test_a_claim_outlasts_every_wait_for_the_catalog():
    assert claiming.ORPHAN_SECONDS >= 6 * engines.BUSY_SECONDS
