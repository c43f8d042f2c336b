"""What is compressed on its way out, and what is sent as it is."""

from __future__ import annotations

import pytest

ALL_ROWS = "image_id=1&depth_max=9050"


def encoding(client, path: str) -> str | None:
    answer = client.get(path, headers={"Accept-Encoding": "gzip"})
    assert answer.status_code == 200
    return answer.headers.get("content-encoding")


@pytest.mark.parametrize("path", [f"/frames?{ALL_ROWS}", f"/frames?{ALL_ROWS}&format=csv", "/openapi.json"])
def test_text_is_compressed_for_who_takes_it(library, path):
    assert encoding(library.client, path) == "gzip"


@pytest.mark.parametrize("path", [f"/frames/image?{ALL_ROWS}&format=png", "/images/1/tiles/0/0.png"])
def test_pictures_are_sent_as_they_are_and_kept_by_caches_for_everybody(library, path):
    assert encoding(library.client, path) is None
    assert "vary" not in library.client.get(path).headers
