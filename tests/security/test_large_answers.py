"""Memory that clients may take together."""

from __future__ import annotations

import asyncio

import pytest
from starlette.responses import Response

from app.api import large_answers, news
from app.api.large_answers import PIECE_BYTES, LargeAnswers
from app.errors import ServerBusy

LARGE = b"0123456789" * PIECE_BYTES


def ask(guarded, take):
    """One request, whose pieces `take` waits for."""
    return guarded(
        {"type": "http", "method": "GET", "path": "/", "request_id": "1", "headers": []}, None, take
    )


def test_answers_that_nobody_takes_are_bounded(monkeypatch):
    monkeypatch.setattr(large_answers, "MOST_WAITING_BYTES", 2 * len(LARGE))
    guarded = LargeAnswers(Response(LARGE))

    async def run():
        taken, told = asyncio.Event(), []

        async def slow(message):
            if message["type"] == "http.response.body":
                await taken.wait()

        async def told_to_come_back(message):
            told.append(message.get("status", message.get("body")))

        first = [asyncio.create_task(ask(guarded, slow)) for _ in range(2)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert guarded.waiting_bytes == 2 * len(LARGE)
        await ask(guarded, told_to_come_back)
        assert told[0] == 503
        assert b"server_busy" in told[1]
        taken.set()
        await asyncio.gather(*first)
        assert guarded.waiting_bytes == 0

    asyncio.run(run())


def test_a_large_answer_is_whole_in_pieces():
    async def run(body):
        pieces = []

        async def take(message):
            pieces.append(message)

        await ask(LargeAnswers(Response(body)), take)
        return pieces

    head, *pieces = asyncio.run(run(LARGE + b"end"))
    assert dict(head["headers"])[b"content-length"] == str(len(LARGE) + 3).encode()
    assert b"".join(piece["body"] for piece in pieces) == LARGE + b"end"
    assert max(len(piece["body"]) for piece in pieces) == PIECE_BYTES
    assert [piece["more_body"] for piece in pieces] == [True] * (len(pieces) - 1) + [False]
    assert len(asyncio.run(run(b"short"))) == 2


def test_only_so_many_listen(monkeypatch):
    monkeypatch.setattr(news, "MOST_LISTENERS", 1)
    heard = news.News(None)
    heard.require_room()
    heard._listeners.add(asyncio.Queue())
    with pytest.raises(ServerBusy):
        heard.require_room()
