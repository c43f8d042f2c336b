from __future__ import annotations

from tests.faults.run import run


def test_nothing_is_lost_doubled_or_half_seen_whoever_dies(tmp_path):
    outcome = run(tmp_path, rounds=6, seed=7, tell=print)
    assert outcome.all_is_well, outcome
    assert outcome.killed_workers + outcome.killed_servers > 0
    assert outcome.files == 18
