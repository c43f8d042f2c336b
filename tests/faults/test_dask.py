"""A Dask cluster whose workers, scheduler and host die while files come in."""

from __future__ import annotations

from tests.conftest import started_postgresql
from tests.faults.dask.run import run


def test_nothing_is_lost_or_doubled_while_a_cluster_dies_in_part_and_comes_back(tmp_path):
    with started_postgresql() as server:
        outcome = run(tmp_path, server.new_database(), files=120, seed=3, pause=1.5, tell=print)
    assert outcome.all_is_well, outcome
    assert outcome.killed_workers + outcome.killed_servers + outcome.killed_schedulers > 0
    assert (outcome.files, outcome.images, outcome.refused) == (120, 119, 1)
