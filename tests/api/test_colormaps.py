from __future__ import annotations

import io

import pytest
from PIL import Image


def test_every_name_listed_is_one_that_frames_take(library):
    listing = library.client.get("/colormaps").json()
    names = [colormap["name"] for colormap in listing["colormaps"]]
    assert names[0] == listing["default"] == "blue-red"
    assert len(names) == len(set(names)) >= 10
    for name in names:
        asked = {"image_id": library.whole.image_id, "depth_max": 9000.2, "colormap": name}
        assert library.client.get("/frames/image", params=asked).status_code == 200, name


def test_a_colormap_as_numbers_goes_from_low_to_high(library):
    assert len(library.client.get("/colormaps/viridis").json()["colors"]) == 255
    grey = library.client.get("/colormaps/grey").json()
    assert grey["name"] == "grey"
    assert (grey["colors"][0], grey["colors"][127], grey["colors"][254]) == ([0] * 3, [128] * 3, [255] * 3)


@pytest.mark.parametrize(
    ("asked", "name"), [("true", "blue-red"), ("false", "grey"), ("GRAY", "grey"), ("rdbu", "RdBu")]
)
def test_names_are_taken_as_frames_take_them(library, asked, name):
    assert library.client.get(f"/colormaps/{asked}").json()["name"] == name


def test_a_legend_has_low_values_on_the_left(library):
    response = library.client.get("/colormaps/blue-red?format=png&width=300&height=8")
    assert response.headers["content-type"] == "image/png"
    legend = Image.open(io.BytesIO(response.content)).convert("RGB")
    assert legend.size == (300, 8)
    blue, red = legend.getpixel((0, 0)), legend.getpixel((299, 7))
    assert blue[2] > blue[0]
    assert red[0] > red[2]


def test_colormaps_may_be_kept_by_a_browser(library):
    for path in ("/colormaps/grey", "/colormaps/grey?format=png"):
        assert "max-age" in library.client.get(path).headers["cache-control"]


def test_an_unknown_colormap_is_told_with_those_there_are(library):
    response = library.client.get("/colormaps/jet")
    assert response.status_code == 404
    assert response.json()["code"] == "colormap_not_found"
    assert "viridis" in response.json()["colormaps"]


@pytest.mark.parametrize("query", ["format=svg", "width=0", "width=4097", "height=1025", "width=wide"])
def test_a_legend_that_cannot_be_is_refused(library, query):
    assert library.client.get(f"/colormaps/grey?format=png&{query}").json()["code"] == "invalid_parameter"
