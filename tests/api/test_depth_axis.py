"""/frames/image with axis=depth, azimuth_offset and a format: what is on a screen, as a file."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from tests.api.test_frames import asked, numbers, picture, pixels
from tests.builders import rgba

GREY = {"colormap": "false", "rescale": "0,254"}


def lines(library, **query):
    """The picture's grey levels, which are its values to the nearest whole number: NaN where transparent."""
    response, colours = picture(library, axis="depth", **GREY | query)
    levels = colours[..., 0] / 255 * 254
    return response, np.where(colours[..., 3] == 0, np.nan, levels)


def test_each_line_is_an_equal_slice_of_depth(library):
    frames = pixels(numbers(library, depth_min=9201.9, depth_max=9202.8))
    _, shown = lines(library, depth_min=9201.85, depth_max=9202.85, height=30)
    np.testing.assert_allclose(shown, np.repeat(np.clip(frames, 0, 254), 3, axis=0), atol=1.01)


def test_without_a_height_there_is_a_line_for_each_median_step(library):
    response, shown = lines(library, depth_min=9201.85, depth_max=9202.85)
    assert shown.shape == (10, 150)
    assert response.headers["x-depth-min"] == "9201.85"
    assert response.headers["x-depth-max"] == "9202.85"


@pytest.mark.parametrize("query", [{}, {"normalize": "dynamic", "window": 1, "rescale": None}], ids=str)
@pytest.mark.parametrize("height", [300, 1000, 4000])
def test_gaps_and_what_lies_beyond_the_ends_are_null_at_every_level(library, height, query):
    well = library.gappy
    top, bottom = well.depths[0] - 5, well.depths[-1] + 5
    _, shown = lines(library, image_id=well.image_id, depth_min=top, depth_max=bottom, height=height, **query)
    middles = top + (np.arange(height) + 0.5) * (bottom - top) / height
    nearest = np.abs(well.depths[:, np.newaxis] - middles).min(axis=0)
    is_empty = np.isnan(shown).all(axis=1)
    line = (bottom - top) / height
    assert is_empty[nearest > line + 0.01].all()
    assert not is_empty[nearest < 0.002].any()
    assert 0.6 < is_empty.mean() < 0.95


def test_a_whole_well_is_read_from_an_overview(library):
    response, shown = lines(library, depth_min=9000.05, depth_max=9546.05, height=341)
    assert response.headers["x-level"] == "2"
    whole = np.clip(pixels(numbers(library, depth_min=None, depth_max=None)), 0, 254)
    expected = np.array([whole[16 * row : 16 * row + 16].mean(axis=0) for row in range(341)])
    np.testing.assert_allclose(shown[:340], expected[:340], atol=1.6)


def test_a_range_between_two_rows_shows_the_row_that_covers_it(library):
    row = pixels(numbers(library, depth_min=9202.0, depth_max=9202.0))
    _, shown = lines(library, depth_min=9201.96, depth_max=9201.99, height=2)
    np.testing.assert_allclose(shown, np.repeat(np.clip(row, 0, 254), 2, axis=0), atol=1.01)


def test_a_range_within_a_gap_is_404(library):
    above, below = library.gappy.depths[1799:1801]
    query = asked(image_id=2, depth_min=above + 1, depth_max=below - 1, axis="depth")
    problem = library.client.get("/frames/image", params=query).json()
    assert problem["code"] == "depth_range_empty"
    assert problem["nearest_depths"] == [above, below]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"axis": "time"}, "invalid_parameter"),
        ({"axis": "depth", "depth_min": 9210.3}, "invalid_parameter"),
        ({"axis": "depth", "depth_min": -1.7e308, "depth_max": 1.7e308}, "invalid_parameter"),
        ({"axis": "depth", "height": 8193}, "invalid_parameter"),
        ({"axis": "depth", "height": 8192, "width": 8192}, "picture_too_large"),
        ({"axis": "depth", "depth_min": 0, "depth_max": 1e300, "width": 8192}, "picture_too_large"),
        ({"azimuth_offset": "nan"}, "invalid_parameter"),
        ({"azimuth_offset": 361}, "invalid_parameter"),
        ({"format": "tiff"}, "invalid_parameter"),
    ],
    ids=str,
)
def test_what_cannot_be_drawn_is_refused(library, query, code):
    response = library.client.get("/frames/image", params=asked(**query))
    assert response.json()["code"] == code
    assert response.status_code == {"invalid_parameter": 422, "picture_too_large": 413}[code]


def test_a_tag_knows_the_axis_and_is_304_before_anything_is_read(library):
    query = asked(axis="depth")
    first = library.client.get("/frames/image", params=query)
    again = library.client.get(
        "/frames/image", params=query, headers={"If-None-Match": first.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["vary"] == "Accept"
    others = [{}, {"axis": "depth", "depth_min": 9201.91}, {"axis": "depth", "height": 85}]
    others += [{"axis": "depth", "azimuth_offset": 90}, {"axis": "depth", "format": "webp"}]
    tags = {library.client.get("/frames/image", params=asked(**other)).headers["etag"] for other in others}
    assert len(tags | {first.headers["etag"]}) == 6


def test_the_azimuth_offset_is_the_azimuth_at_the_left_edge(library):
    _, plain = picture(library)
    for offset, columns in [(120, 50), (-90, 113), (360, 0), (1.3, 1), (359.9, 0)]:
        _, turned = picture(library, azimuth_offset=offset)
        np.testing.assert_array_equal(turned, np.roll(plain, -columns, axis=1))
    _, narrow = picture(library, azimuth_offset=120, width=75)
    _, expected = picture(library, width=75)
    np.testing.assert_array_equal(narrow, np.roll(expected, -25, axis=1))


def test_a_full_turn_is_the_same_picture(library):
    tags = {picture(library, azimuth_offset=offset)[0].headers["etag"] for offset in (0, 360, -360)}
    assert len(tags) == 1


@pytest.mark.parametrize("query", [{}, {"axis": "depth"}], ids=str)
def test_webp_has_the_pixels_of_the_png(library, query):
    query = {"image_id": 2, "depth_min": None, "depth_max": library.gappy.depths[99]} | query
    response, expected = picture(library, **query)
    assert response.headers["content-type"] == "image/png"
    response = library.client.get("/frames/image", params=asked(format="webp", **query))
    assert response.headers["content-type"] == "image/webp"
    found = rgba(response.content)
    np.testing.assert_array_equal(found[..., 3], expected[..., 3])
    seen = expected[..., 3] > 0
    np.testing.assert_array_equal(found[seen], expected[seen])


def test_jpeg_is_near_the_png_and_white_where_null(library):
    query = {"image_id": 2, "depth_min": None, "depth_max": library.gappy.depths[99], "height": 800}
    query["width"] = 1200
    _, expected = picture(library, **query)
    response = library.client.get("/frames/image", params=asked(format="jpeg", **query))
    assert response.headers["content-type"] == "image/jpeg"
    found = np.asarray(Image.open(io.BytesIO(response.content)))
    flat = np.where(expected[..., 3:] == 0, 255, expected[..., :3]).astype(float)
    assert found.shape == flat.shape
    assert np.abs(found - flat).mean() < 4


@pytest.mark.parametrize(
    ("accept", "query", "media_type"),
    [
        ("*/*", {}, "image/png"),
        ("image/webp", {}, "image/webp"),
        ("image/jpeg;q=0.5, image/png;q=0.4", {}, "image/jpeg"),
        ("image/jpeg", {"format": "png"}, "image/png"),
        ("text/html,image/avif,image/webp,*/*;q=0.8", {}, "image/png"),
    ],
)
def test_the_format_is_the_one_asked_for_or_the_one_accepted(library, accept, query, media_type):
    response = library.client.get("/frames/image", params=asked(**query), headers={"Accept": accept})
    assert response.headers["content-type"] == media_type
    assert response.headers.get("vary") == (None if query else "Accept")


def test_who_takes_no_picture_gets_none(library):
    refused = library.client.get("/frames/image", params=asked(), headers={"Accept": "text/html"})
    assert (refused.status_code, refused.json()["code"]) == (406, "format_not_offered")


def test_answers_kept_in_memory_are_of_the_format_that_is_accepted(library, settings_of_library):
    seen = [
        library.client.get("/frames/image", params=asked(), headers={"Accept": accept}).headers[
            "content-type"
        ]
        for accept in ("image/png", "image/webp", "image/png", "image/webp")
    ]
    assert seen == ["image/png", "image/webp"] * 2
