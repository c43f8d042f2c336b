from __future__ import annotations

import pytest
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.testclient import TestClient

from app.api.answers import IMAGE_ID, RecentAnswers
from tests.builders import eventually, image_rows, ingest, write_csv

WINDOW = "image_id=1&depth_min=9300&depth_max=9301"


class Images:
    """Stands for the images a server knows: all but those that are gone."""

    def __init__(self) -> None:
        self.gone: set[int] = set()

    def in_memory(self, image_id):
        return None if image_id in self.gone else object()


class Endpoint:
    """Answers with the number of times it was called, and of as many bytes as asked for."""

    def __init__(self, *, streams: bool = False, status: int = 200) -> None:
        self.calls = 0
        self.streams = streams
        self.status = status

    async def __call__(self, scope, receive, send):
        self.calls += 1
        scope[IMAGE_ID] = 7
        body = f"{self.calls}".rjust(int(scope["query_string"] or 1))
        headers = {"ETag": '"tag"', "Cache-Control": "max-age=1", "Server-Timing": "read;dur=1"}
        if self.streams:

            async def pieces():
                yield body
                yield body

            response: Response = StreamingResponse(pieces(), headers=headers)
        else:
            response = PlainTextResponse(body, self.status, headers)
        await response(scope, receive, send)


@pytest.fixture
def images():
    return Images()


class Hits:
    def __init__(self) -> None:
        self.count = 0

    def hit(self) -> None:
        self.count += 1


@pytest.fixture
def ask(images):
    """ask(endpoint, path, headers): through a cache of 16,000 bytes, some 8 answers."""

    class Services:
        pass

    class App:
        pass

    services, app = Services(), App()
    services.known_images = images
    app.state = type("State", (), {"services": services})()
    caches, hits = {}, Hits()

    def ask(endpoint, path="/", **headers):
        cache = caches.setdefault(
            endpoint, RecentAnswers(endpoint, capacity_bytes=32_000, count_hit=hits.hit)
        )

        async def with_app(scope, receive, send):
            await cache({**scope, "app": app}, receive, send)

        ask.cache, ask.hits = cache, hits
        return TestClient(with_app).get(path, headers=headers)

    return ask


def test_the_same_address_is_answered_again_without_asking(ask):
    endpoint = Endpoint()
    first, second = ask(endpoint), ask(endpoint)
    assert (first.text, second.text, endpoint.calls) == ("1", "1", 1)
    assert second.headers["etag"] == '"tag"'
    assert second.headers["server-timing"] == "cache;desc=hit"
    assert ask.hits.count == 1
    assert first.headers["server-timing"] == "read;dur=1"


def test_another_address_or_wish_for_a_format_is_another_answer(ask):
    endpoint = Endpoint()
    ask(endpoint, "/?1")
    ask(endpoint, "/?2")
    ask(endpoint, "/other?1")
    ask(endpoint, "/?1", accept="text/csv")
    assert endpoint.calls == 4


def test_an_answer_that_the_client_has_is_not_sent_again(ask):
    endpoint = Endpoint()
    ask(endpoint)
    answer = ask(endpoint, **{"if-none-match": 'W/"tag", "other"'})
    assert (answer.status_code, answer.content) == (304, b"")
    assert dict(answer.headers) == {"etag": '"tag"', "cache-control": "max-age=1"}
    assert ask(endpoint, **{"if-none-match": '"other"'}).status_code == 200
    assert endpoint.calls == 1


def test_nothing_is_answered_of_an_image_that_may_be_gone(ask, images):
    endpoint = Endpoint()
    ask(endpoint)
    images.gone.add(7)
    assert ask(endpoint).text == "2"


@pytest.mark.parametrize("endpoint", [Endpoint(status=404), Endpoint(streams=True)])
def test_errors_and_streams_are_not_kept(ask, endpoint):
    ask(endpoint)
    ask(endpoint)
    assert endpoint.calls == 2


def test_the_cache_keeps_its_bound_and_what_was_used_last(ask):
    endpoint = Endpoint()
    ask(endpoint, "/0?100")
    for number in range(1, 20):
        ask(endpoint, "/0?100")
        ask(endpoint, f"/{number}?100")
        assert ask.cache.held_bytes <= 32_000
    assert endpoint.calls == 20
    assert ask(endpoint, "/0?100").text.strip() == "1"
    assert ask(endpoint, "/1?100").text.strip() == "21"


def test_an_answer_too_large_for_the_cache_is_not_kept(ask):
    endpoint = Endpoint()
    ask(endpoint, "/?4001")
    assert ask.cache.held_bytes == 0


def test_what_a_client_makes_long_counts(ask):
    """Else short answers to long addresses would take many times the memory that the cache may have."""
    endpoint = Endpoint()
    ask(endpoint, "/1?1", accept="x")
    before = ask.cache.held_bytes
    ask(endpoint, "/2?1", accept="x" * 101)
    assert ask.cache.held_bytes == 2 * before + 100
    for _ in range(2):
        assert ask(endpoint, "/?1", accept="x" * 4000).headers["server-timing"] == "read;dur=1"


def test_a_deleted_image_is_gone_for_those_who_just_asked_for_it(client, place):
    ingest(place, write_csv(place.settings.data_dir.parent / "x.csv", *image_rows(50)))
    for _ in range(2):
        assert client.get("/frames/image?image_id=1").status_code == 200
    assert client.get("/frames/image?image_id=1").headers["server-timing"] == "cache;desc=hit"
    eventually(lambda: client.delete("/images/1").status_code == 204, "the image is deleted")
    assert client.get("/frames/image?image_id=1").status_code == 404
