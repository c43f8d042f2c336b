"""ETags, and answers that need no reading."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from app.api.conditional import is_unchanged
from app.storage.arrays.reading import RowReader
from app.storage.known_images import KnownImages

WINDOW = {"image_id": 1, "depth_min": 9201.9, "depth_max": 9210.3}
PATHS = ("/frames/image", "/frames", "/frames?format=base64")


def tag(library, path="/frames/image", **changes):
    return library.client.get(path, params=WINDOW | changes).headers["etag"]


def request(if_none_match: str | None) -> Request:
    headers = [] if if_none_match is None else [(b"if-none-match", if_none_match.encode())]
    return Request({"type": "http", "headers": headers})


@pytest.mark.parametrize("given", ['"a"', 'W/"a"', '"b", "a"', '"b",W/"a" ,"c"', "*", " * "])
def test_any_of_the_tags_a_client_has_will_do(given):
    assert is_unchanged(request(given), '"a"')


@pytest.mark.parametrize("given", [None, "", "a", '"b"', '"A"', '"ab"', 'W/"b", "c"', '"*"'])
def test_other_tags_are_not_ours(given):
    assert not is_unchanged(request(given), '"a"')


@pytest.mark.parametrize("path", PATHS)
def test_a_304_reads_nothing_and_has_no_body(library, monkeypatch, path):
    first = library.client.get(path, params=WINDOW)

    def read(*args: object) -> None:
        raise AssertionError("rows were read")

    monkeypatch.setattr(RowReader, "rows", read)
    monkeypatch.setattr(RowReader, "rows_in_memory", read)
    again = library.client.get(path, params=WINDOW, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["cache-control"] == first.headers["cache-control"] == "public, max-age=300"
    assert "content-type" not in again.headers


def test_a_304_of_an_image_known_to_exist_asks_no_catalog(library, monkeypatch):
    first = tag(library)
    monkeypatch.setattr(KnownImages, "get", None)
    again = library.client.get("/frames/image", params=WINDOW, headers={"If-None-Match": first})
    assert again.status_code == 304


def test_a_new_window_is_not_taken_for_the_one_a_client_has(library):
    other = WINDOW | {"depth_max": 9210.4}
    response = library.client.get("/frames/image", params=other, headers={"If-None-Match": tag(library)})
    assert response.status_code == 200


def test_depths_that_mean_the_same_rows_share_a_tag(library):
    assert tag(library, depth_min=9201.85, depth_max=9210.34) == tag(library)
    assert tag(library, colormap="blue-red") == tag(library, colormap="TRUE") == tag(library)
    assert tag(library, rescale="0,255.0") == tag(library)


@pytest.mark.parametrize(
    "changes",
    [
        {"depth_min": 9202.0},
        {"colormap": "false"},
        {"rescale": "0,254"},
        {"invert": "true"},
        {"width": 75},
        {"height": 40},
        {"image_id": 2, "depth_min": 1500, "depth_max": 2000, "height": 10},
    ],
    ids=str,
)
def test_whatever_changes_the_picture_changes_the_tag(library, changes):
    assert tag(library, **changes) != tag(library)


def test_numbers_pictures_and_coloured_numbers_have_tags_of_their_own(library):
    tags = {tag(library), *(tag(library, "/frames", **query) for query in QUERIES)}
    assert len(tags) == 1 + len(QUERIES)


QUERIES = (
    {},
    {"colormap": "true"},
    {"colormap": "false"},
    {"format": "base64"},
    {"format": "base64", "colormap": "false"},
)
