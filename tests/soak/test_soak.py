from __future__ import annotations

from tests.soak.run import run


def test_a_short_soak_ends_well(tmp_path):
    report = run(tmp_path, minutes=0.4, seed=3, tell=print)
    assert report.all_is_well, (report.outcome, report.errors[:5])
    assert report.requests > 100
    assert report.outcome.images > 0
