from __future__ import annotations

from app.pipeline.stability import Snapshot, StabilityTracker


def listing(**sizes: int) -> dict[str, Snapshot]:
    return {name: Snapshot(inode=1, size=size, modified_ns=size) for name, size in sizes.items()}


def test_a_file_is_stable_after_the_window_and_not_before():
    tracker = StabilityTracker(2.0)
    assert tracker.observe(listing(x=10), now=100.0) == []
    assert tracker.observe(listing(x=10), now=101.9) == []
    assert tracker.observe(listing(x=10), now=102.0) == ["x"]


def test_a_change_starts_the_window_again():
    tracker = StabilityTracker(2.0)
    tracker.observe(listing(x=10), now=100.0)
    tracker.observe(listing(x=11), now=101.5)
    assert tracker.observe(listing(x=11), now=103.4) == []
    assert tracker.observe(listing(x=11), now=103.5) == ["x"]


def test_another_file_put_in_its_place_is_a_change():
    tracker = StabilityTracker(2.0)
    tracker.observe({"x": Snapshot(1, 10, 5)}, now=100.0)
    tracker.observe({"x": Snapshot(2, 10, 5)}, now=101.5)
    assert tracker.observe({"x": Snapshot(2, 10, 5)}, now=102.5) == []


def test_an_event_starts_the_window_again_although_nothing_can_be_seen():
    tracker = StabilityTracker(2.0)
    tracker.observe(listing(x=10), now=100.0)
    tracker.touch("x", now=101.0)
    tracker.touch("never seen", now=101.0)
    assert tracker.observe(listing(x=10), now=102.5) == []
    assert len(tracker) == 1


def test_a_file_that_is_gone_is_forgotten():
    tracker = StabilityTracker(2.0)
    tracker.observe(listing(x=10), now=100.0)
    tracker.observe({}, now=101.0)
    assert tracker.due_in(101.0) is None
    assert tracker.observe(listing(x=10), now=102.5) == []


def test_files_come_in_the_order_in_which_they_became_quiet():
    tracker = StabilityTracker(1.0)
    tracker.observe(listing(b=1, a=1), now=100.0)
    tracker.touch("b", now=100.5)
    assert tracker.observe(listing(b=1, a=1, c=1), now=102.0) == ["a", "b"]


def test_due_in_is_the_time_to_the_next_stable_file():
    tracker = StabilityTracker(2.0)
    assert tracker.due_in(100.0) is None
    tracker.observe(listing(x=1), now=100.0)
    tracker.observe(listing(x=1, y=1), now=101.0)
    assert tracker.due_in(101.5) == 0.5
    assert tracker.due_in(105.0) == 0.0


def test_without_a_window_a_file_is_stable_at_first_sight():
    assert StabilityTracker(0.0).observe(listing(x=1), now=100.0) == ["x"]
