"""Work beside the host's rounds."""

from __future__ import annotations

import threading

import pytest

from app.pipeline.errands import Errand


def test_it_is_under_way_until_it_has_ended_and_who_waits_for_it_is_told():
    ended, let_go = threading.Event(), threading.Event()
    errand = Errand("looking", lambda: let_go.wait(20), ended.set)
    assert not errand.under_way and not errand.done
    errand.start()
    assert errand.under_way and not ended.is_set()
    let_go.set()
    assert ended.wait(20)
    assert errand.done and not errand.under_way
    errand.raise_trouble()


def test_what_it_failed_with_is_told_until_it_succeeds():
    outcomes = [OSError("the bucket is away"), None]

    def work() -> None:
        outcome = outcomes.pop(0)
        if outcome is not None:
            raise outcome

    errand = Errand("looking", work, lambda: None)
    errand.start()
    errand.wait(20)
    assert not errand.done
    for _ in range(2):
        with pytest.raises(OSError, match="away"):
            errand.raise_trouble()
    errand.start()
    errand.wait(20)
    errand.raise_trouble()
    assert errand.done


def test_waiting_for_what_never_began_is_no_waiting():
    Errand("looking", lambda: None, lambda: None).wait(20)


def test_nobody_waits_for_it_longer_than_he_would():
    let_go = threading.Event()
    errand = Errand("looking", lambda: let_go.wait(20), lambda: None)
    errand.start()
    errand.wait(0.01)
    assert errand.under_way
    let_go.set()
    errand.wait(20)
    assert not errand.under_way
