"""/frames and /frames/image: what is refused, and the way out."""

from __future__ import annotations

import pytest

from app.api.frame_reading import limit_picture
from app.errors import PictureTooLarge
from tests.api.test_frames import asked, picture


def refusal(library, path="/frames", **query):
    response = library.client.get(path, params=asked(**query))
    return response.status_code, response.json()["code"]


@pytest.mark.parametrize("path", ["/frames", "/frames/image"])
def test_no_row_in_the_range_is_404_with_the_images_range(library, path):
    response = library.client.get(path, params={"image_id": 1, "depth_min": 9600, "depth_max": 9700})
    problem = response.json()
    assert (response.status_code, problem["code"]) == (404, "depth_range_empty")
    assert (problem["depth_min"], problem["depth_max"]) == (9000.1, 9546.0)
    assert "9000.1 to 9546" in problem["detail"]


def test_a_range_within_a_gap_of_the_depths_names_its_neighbours(library):
    above, below = library.gappy.depths[1799:1801]
    query = asked(image_id=library.gappy.image_id, depth_min=above + 1, depth_max=below - 1)
    problem = library.client.get("/frames", params=query).json()
    assert problem["code"] == "depth_range_empty"
    assert problem["nearest_depths"] == [above, below]


@pytest.mark.parametrize("path", ["/frames", "/frames/image"])
@pytest.mark.parametrize(
    "query",
    [
        {"depth_min": 9300, "depth_max": 9200},
        {"depth_min": "nan"},
        {"depth_max": "inf"},
        {"depth_min": "-Infinity"},
        {"depth_max": "1e400"},
        {"depth_min": "9201,9"},
        {"depth_max": "deep"},
        {"depth_min": ""},  # as a form sends it
        {"image_id": "one"},
        {"image_id": "1.5"},
        {"image_id": None},
    ],
    ids=str,
)
def test_a_range_that_cannot_be_meant_is_422(library, path, query):
    assert refusal(library, path, **query) == (422, "invalid_parameter")


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/frames", {"format": "docx"}),
        ("/frames/image", {"height": 0}),
        ("/frames/image", {"width": -1}),
        ("/frames/image", {"height": 8193}),
        ("/frames/image", {"width": 8193}),
        ("/frames/image", {"height": "tall"}),
        ("/frames/image", {"invert": "perhaps"}),
        ("/frames/image", {"rescale": "255,0"}),
    ],
)
def test_other_malformed_parameters_are_422_and_named(library, path, query):
    response = library.client.get(path, params=asked(**query))
    assert (response.status_code, response.json()["code"]) == (422, "invalid_parameter")
    assert next(iter(query)) in response.json()["detail"]


@pytest.mark.parametrize("image_id", [0, -1, 3, 2**31, 2**63, 10**30])
@pytest.mark.parametrize("path", ["/frames", "/frames/image"])
def test_an_unknown_image_is_404(library, path, image_id):
    response = library.client.get(path, params=asked(image_id=image_id))
    assert (response.status_code, response.json()["code"]) == (404, "image_not_found")
    assert response.json()["image_id"] == image_id


@pytest.mark.parametrize("path", ["/frames", "/frames/image"])
def test_an_unknown_colormap_is_404(library, path):
    assert refusal(library, path, colormap="jet") == (404, "colormap_not_found")


def test_more_rows_than_an_answer_holds_is_413_with_the_way_out(library, settings_of_library):
    settings_of_library(max_rows=84)
    response = library.client.get("/frames/image", params=asked())
    problem = response.json()
    assert (response.status_code, problem["code"]) == (413, "too_many_rows")
    assert (problem["rows"], problem["max_rows"]) == (85, 84)
    assert "height=" in problem["detail"]
    assert refusal(library, "/frames") == (413, "too_many_rows")
    assert refusal(library, "/frames", format="base64") == (413, "too_many_rows")
    assert picture(library, height=85)[1].shape == (85, 150, 4)
    settings_of_library(max_rows=85)
    assert picture(library)[1].shape == (85, 150, 4)


def test_a_picture_of_more_pixels_than_memory_should_hold_is_413(library):
    assert refusal(library, "/frames/image", width=8192, height=4097) == (413, "picture_too_large")
    assert refusal(library, "/frames/image", depth_min=None, depth_max=None, width=8192) == (
        413,
        "picture_too_large",
    )


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("height=8192&width=8192", "a PNG has at most 33554432"),
        ("height=8192&width=8192&axis=depth&normalize=dynamic", "a PNG has at most"),
        ("height=4096&width=4096&format=webp", "a WEBP has at most 8388608"),
        ("height=4096&width=4096&format=jpeg", "a JPEG has at most"),
    ],
)
def test_a_picture_that_would_take_all_memory_is_refused(library, asked, told):
    answer = library.client.get(f"/frames/image?image_id=1&{asked}")
    assert (answer.status_code, answer.json()["code"]) == (413, "picture_too_large")
    assert told in answer.json()["detail"]


def test_a_webp_cannot_be_higher_than_its_format_allows():
    with pytest.raises(PictureTooLarge, match="a WebP has at most 16383"):
        limit_picture(150, 16_384, "webp")
    limit_picture(150, 16_383, "webp")
    limit_picture(150, 20_000, "png")
