from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import aclosing
from itertools import groupby
from typing import Any

import httpx2
import pytest

from app.api import news as news_module
from app.api.news import News
from app.errors import CatalogUnavailable
from app.storage.catalog.events import announce_image
from tests.api.conftest import records_of
from tests.builders import ingest, settings_in, tiny_csv


@pytest.fixture
def settings(tmp_path):
    return settings_in(tmp_path, pipeline_autostart=False)


class Listener:
    """Reads server-sent events, one (id, event, data) at a time."""

    def __init__(self, address: str, last_event_id: str | None = None) -> None:
        headers = {} if last_event_id is None else {"Last-Event-ID": last_event_id}
        self.client = httpx2.Client(timeout=20)
        self.stream = self.client.stream("GET", f"{address}/pipeline/events", headers=headers)

    def __enter__(self) -> Iterator[tuple[str | None, str, Any]]:
        self.response = self.stream.__enter__()
        assert self.response.status_code == 200
        assert self.response.headers["content-type"].startswith("text/event-stream")
        return self._events()

    def __exit__(self, *_: object) -> None:
        self.stream.__exit__(None, None, None)
        self.client.close()

    def _events(self) -> Iterator[tuple[str | None, str, Any]]:
        fields: dict[str, str] = {}
        for line in self.response.iter_lines():
            if line and not line.startswith(":"):
                key, _, value = line.partition(": ")
                fields[key] = value
            elif fields:
                yield fields.get("id"), fields["event"], json.loads(fields["data"])
                fields = {}


def until(
    events: Iterator[tuple[str | None, str, Any]], kind: str, **data: Any
) -> list[tuple[str | None, str, Any]]:
    """The events up to the first of this kind with this data."""
    seen = []
    for event in events:
        seen.append(event)
        if event[1] == kind and data.items() <= event[2].items():
            return seen
    raise AssertionError(f"the stream ended without {kind} {data}")


def test_the_status_comes_first_and_then_every_state_in_order(address, place):
    with Listener(address) as events:
        event_id, kind, status = next(events)
        assert (event_id, kind, status["running"]) == (None, "pipeline", False)
        job = ingest(place, tiny_csv(place.folders.data / "x.csv"))
        seen = until(events, "job", file="processed/x.csv")
    states = [data["state"] for _, kind, data in seen if kind == "job"]
    assert [state for state, _ in groupby(states)] == ["running", "stored"]
    assert [data for _, kind, data in seen if kind == "image"] == [{"image_id": 1, "change": "stored"}]
    assert seen[-1][2]["id"] == job.id and seen[-1][2]["image_id"] == 1
    ids = [int(event_id) for event_id, *_ in seen]
    assert ids == sorted(set(ids))


def test_who_comes_again_hears_what_was_missed_and_nothing_twice(address, place):
    with Listener(address) as events:
        next(events)
        ingest(place, tiny_csv(place.folders.data / "x.csv", 1.0))
        heard = until(events, "image", change="stored")
    ingest(place, tiny_csv(place.folders.data / "y.csv", 2.0))
    with Listener(address, last_event_id=heard[-1][0]) as events:
        assert next(events)[1] == "pipeline"
        missed = until(events, "job", file="processed/y.csv")
        place.images.delete(1, time.time())
        live = until(events, "image", change="deleted")
    ids = [int(event_id) for event_id, *_ in heard + missed + live]
    assert ids == list(range(ids[0], ids[0] + len(ids)))
    assert live[-1][2] == {"image_id": 1, "change": "deleted"}


def test_what_is_asked_of_the_pipeline_is_told(address):
    with Listener(address) as events:
        next(events)
        httpx2.post(f"{address}/pipeline/start")
        assert until(events, "pipeline", running=True)


@pytest.mark.parametrize("last_event_id", ["yesterday", "-1", str(2**63)])
def test_an_id_that_is_none_is_told(client, last_event_id):
    answer = client.get("/pipeline/events", headers={"Last-Event-ID": last_event_id})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_parameter")


# One listener and one poller, without a server around them.


def announce(place, *image_ids: int) -> None:
    with place.catalog.writing() as session:
        for image_id in image_ids:
            announce_image(session, image_id, "stored")


@pytest.fixture(autouse=True)
def quicker(monkeypatch):
    monkeypatch.setattr(news_module, "POLL_SECONDS", 0.01)


def test_a_listener_that_is_too_slow_is_cut_off_and_comes_again_for_the_rest(place, monkeypatch):
    monkeypatch.setattr(news_module, "LISTENER_LIMIT", 3)

    async def listen() -> tuple[list[int], list[int]]:
        news = News(place.events)
        heard, missed = [], []
        async with news.running():
            async with aclosing(news.listen(None)) as listener:
                first = asyncio.ensure_future(anext(listener))
                await asyncio.sleep(0)
                announce(place, 1)
                heard.append((await first).event.id)
                announce(place, *range(2, 12))
                while news._listeners:
                    await asyncio.sleep(0.01)
                heard += [item.event.id async for item in listener]
            async with aclosing(news.listen(heard[-1])) as listener:
                while len(heard) + len(missed) < 11:
                    missed.append((await anext(listener)).event.id)
        return heard, missed

    heard, missed = asyncio.run(asyncio.wait_for(listen(), 20))
    assert heard + missed == list(range(1, 12))
    assert len(heard) < 5


def test_an_id_of_a_catalog_that_is_no_more_does_not_make_deaf(place):
    async def listen() -> int:
        news = News(place.events)
        async with news.running(), aclosing(news.listen(1000)) as listener:
            first = asyncio.ensure_future(anext(listener))
            await asyncio.sleep(0.05)
            announce(place, 1)
            return (await first).event.data["image_id"]

    assert asyncio.run(asyncio.wait_for(listen(), 20)) == 1


@pytest.mark.parametrize(
    "error", [CatalogUnavailable("the catalog does not answer"), RuntimeError("a bug")], ids=type
)
def test_news_go_on_after_the_catalog_was_silent_for_a_while(place, monkeypatch, error):
    after, asked = place.events.after, []

    def silent_at_first(*arguments: Any) -> Any:
        asked.append(arguments)
        if len(asked) < 3:
            raise error
        return after(*arguments)

    # of these alone: another test's server may ask in this process, too
    monkeypatch.setattr(place.events, "after", silent_at_first)

    async def listen() -> int:
        news = News(place.events)
        async with news.running(), aclosing(news.listen(None)) as listener:
            first = asyncio.ensure_future(anext(listener))
            await asyncio.sleep(0)
            announce(place, 7)
            return (await first).event.data["image_id"]

    with records_of("borehole.api") as records:
        assert asyncio.run(asyncio.wait_for(listen(), 20)) == 7
    silent = [record for record in records if "no news" in record.getMessage()]
    assert len(silent) == (1 if isinstance(error, CatalogUnavailable) else 2)


def test_what_is_told_of_an_event_is_made_once_for_all_and_outlives_who_asked_first(place):
    made: list[int] = []

    async def listen() -> list[str]:
        going = asyncio.Event()

        async def tell(event: Any) -> str:
            made.append(event.id)
            await going.wait()
            return f"event {event.id}"

        async def hear(news: News) -> str:
            async with aclosing(news.listen(None)) as listener:
                return await (await anext(listener)).told(tell)

        news = News(place.events)
        async with news.running():
            listeners = [asyncio.create_task(hear(news)) for _ in range(3)]
            await asyncio.sleep(0)
            announce(place, 1)
            while not made:
                await asyncio.sleep(0.01)
            listeners[0].cancel()
            await asyncio.wait(listeners[:1])
            going.set()
            return await asyncio.gather(*listeners[1:])

    assert asyncio.run(asyncio.wait_for(listen(), 20)) == ["event 1"] * 2
    assert made == [1]


def test_picks_that_are_laid_changed_and_taken_away_are_told(address, place):
    ingest(place, tiny_csv(place.folders.data / "x.csv"))
    picks = f"{address}/images/1/picks"
    pick = {"kind": "bed", "depth": 1.1, "amplitude": 0.1, "azimuth": 90, "hole_diameter": 0.2}
    with Listener(address) as events:
        assert next(events)[1] == "pipeline"
        added = httpx2.post(picks, json=pick).json()
        until(events, "picks", image_id=1)
        httpx2.patch(f"{picks}/{added['id']}", json={"depth": 1.2})
        until(events, "picks", image_id=1)
        httpx2.delete(f"{picks}/{added['id']}")
        until(events, "picks", image_id=1)
    assert httpx2.patch(f"{picks}/{added['id']}", json={"depth": 1.2}).status_code == 404
    latest = place.events.after(0)
    assert [event.kind for event in latest].count("picks") == 3
