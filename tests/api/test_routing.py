"""What holds for every endpoint."""

from __future__ import annotations

import httpx2
import pytest


@pytest.mark.parametrize(
    ("url", "parameter", "advice"),
    [
        ("/frames?image_id=1&depth_mn=9200", "depth_mn", "'depth_min'"),
        ("/frames?image_id=1&Format=csv", "Format", "'format'"),
        ("/frames/image?imageid=1", "imageid", "'image_id'"),
        ("/images/1/tiles/0/0.png?v=x&colourmap=grey", "colourmap", "'colormap'"),
        ("/images/1/depths?strat=512", "strat", "'start'"),
        ("/images?serach=a", "serach", "'search'"),
        ("/colormaps/grey?q=1", "q", "format, height, width"),
        ("/images/1?x=1", "x", "it takes none"),
        ("/stats?verbose", "verbose", "it takes none"),
        ("/images?%00%0D%0A=1", "\0\r\n", "after, limit, search"),
    ],
)
def test_a_parameter_that_is_not_known_is_refused_with_the_nearest_that_is(library, url, parameter, advice):
    answer = library.client.get(url)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_parameter"), answer.text
    assert answer.json()["parameter"] == parameter
    assert advice in answer.json()["detail"]


def test_a_change_is_not_made_as_if_a_parameter_had_not_been_given(idle_server):
    assert idle_server().delete("/images/1?dry_run=true").status_code == 422


def test_the_page_takes_whatever_is_in_its_address(library):
    assert library.client.get("/?image=1").status_code == 200


@pytest.mark.parametrize(
    "url",
    [
        "/",
        "/docs",
        "/viewer/main.js",
        "/images",
        "/images/1",
        "/frames?image_id=1&depth_min=9200&depth_max=9201",
        "/frames/image?image_id=1&depth_min=9200&depth_max=9201",
        "/images/1/tiles/0/0.png",
        "/frames?image_id=77",
    ],
)
def test_head_is_get_without_a_body(library, url):
    get, head = library.client.get(url), library.client.head(url)
    assert (head.status_code, head.content) == (get.status_code, b"")
    changing = {"x-request-id", "server-timing"}
    assert {*head.headers.items()} - {*get.headers.items()} <= {
        (name, value) for name, value in head.headers.items() if name in changing
    }
    assert head.headers["content-length"] == get.headers["content-length"]


def test_head_of_what_only_changes_is_405(library):
    assert library.client.head("/pipeline/start").status_code == 405


def test_head_of_the_endless_stream_ends(address):
    with httpx2.Client(base_url=address, timeout=10) as client:
        for _ in range(2):
            head = client.head("/pipeline/events")
            assert head.headers["content-type"].startswith("text/event-stream")
        assert client.get("/images").status_code == 200
