"""A few heavy things at a time, a bounded line behind them, and light ones beside them."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from app.api import pictures
from app.api.heavy_work import HeavyWork
from tests.builders import eventually

WHOLE = "/frames/image?image_id=1&height=4000&rescale=0,{}"
SMALL = "/frames/image?image_id=1&depth_min=9201.9&depth_max=9210.3"


@pytest.fixture
def gate(library, monkeypatch):
    """Pictures that are drawn in threads wait here, at most two at once and one in line behind them."""
    opened, inside, lock, most = threading.Event(), [0], threading.Lock(), [0]
    drawn = pictures._drawn

    def waiting(*arguments):
        with lock:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
        assert opened.wait(30)
        with lock:
            inside[0] -= 1
        return drawn(*arguments)

    monkeypatch.setattr(pictures, "_drawn", waiting)
    services = replace(library.client.app.state.services, heavy_work=HeavyWork(at_once=2, longest_line=1))
    monkeypatch.setitem(library.client.app.state._state, "services", services)
    waiting.open, waiting.inside, waiting.most = opened.set, inside, most
    yield waiting
    opened.set()


def test_more_heavy_pictures_than_the_server_can_bear_are_refused_and_small_ones_are_not(library, gate):
    with ThreadPoolExecutor(3) as clients:
        answers = [clients.submit(library.client.get, WHOLE.format(high)) for high in (100, 200, 300)]
        heavy = library.client.app.state.services.heavy_work
        eventually(lambda: heavy.busy == 3, "two are drawn and one waits")
        refused = library.client.get(WHOLE.format(400))
        assert (refused.status_code, refused.json()["code"]) == (503, "server_busy")
        assert int(refused.headers["retry-after"]) > 0
        assert library.client.get(SMALL).status_code == 200
        gate.open()
        assert [answer.result().status_code for answer in answers] == [200, 200, 200]
    assert gate.most == [2]
    assert library.client.get(WHOLE.format(400)).status_code == 200
