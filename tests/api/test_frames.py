"""/frames and /frames/image: what is answered."""

from __future__ import annotations

import base64

import numpy as np
import pytest

from app.rendering.colormaps import palette
from app.rendering.colouring import indices
from tests.builders import rgba

WINDOW = {"image_id": 1, "depth_min": 9201.9, "depth_max": 9210.3}


def asked(**changes):
    """The window's query; an end that is None is left out."""
    return {name: value for name, value in (WINDOW | changes).items() if value is not None}


def picture(library, **query):
    response = library.client.get("/frames/image", params=asked(**query))
    assert response.status_code == 200, response.text
    return response, rgba(response.content)


def numbers(library, **query):
    response = library.client.get("/frames", params=asked(**query))
    assert response.status_code == 200, response.text
    return response.json()


def pixels(frames):
    return np.array([frame["pixels"] for frame in frames["frames"]], dtype=np.float32)


@pytest.fixture
def gap(library):
    """A window of the gappy image with nulls and numbers in it: its query, its pixels (n, 150) float32."""
    query = {"image_id": library.gappy.image_id, "depth_min": None, "depth_max": library.gappy.depths[99]}
    return query, pixels(numbers(library, **query))


def test_the_head_says_which_rows_were_really_returned(library):
    frames = numbers(library, depth_min=8000, depth_max=9000.35)
    assert frames["frames"][0].keys() == {"depth", "pixels"}
    del frames["frames"]
    assert frames == {
        "image_id": 1,
        "depth_min": 9000.1,
        "depth_max": 9000.3,
        "depth_unit": None,
        "total_frames": 3,
        "width": 150,
    }


@pytest.mark.parametrize(
    ("first", "last", "gaps"), [(0, 2999, 1), (0, 1799, 0), (1799, 1800, 1), (1800, 2999, 0), (1799, 1799, 0)]
)
def test_gaps_in_depth_are_counted_as_a_picture_does_not_show_them(library, first, last, gaps):
    depths = library.gappy.depths
    query = {"image_id": library.gappy.image_id, "depth_min": depths[first], "depth_max": depths[last]}
    for path in ("/frames", "/frames/image"):
        assert library.client.get(path, params=query).headers["x-depth-gaps"] == str(gaps), path
    overview = library.client.get("/frames/image", params={"image_id": library.gappy.image_id, "height": 100})
    assert overview.headers["x-depth-gaps"] == "1"


@pytest.mark.parametrize(
    ("ends", "rows", "first", "last"),
    [
        ((None, 9000.2), 2, 9000.1, 9000.2),
        ((9545.9, None), 2, 9545.9, 9546.0),
        ((-1e300, 9000.1), 1, 9000.1, 9000.1),
        ((9546.0, 1e300), 1, 9546.0, 9546.0),
        ((9300.0, 9300.0), 1, 9300.0, 9300.0),
        ((9300.04, 9300.16), 1, 9300.1, 9300.1),
        ((9000.1 + 0.1 * 2018, 9000.1 + 0.1 * 2102), 85, 9201.9, 9210.3),
    ],
)
def test_both_ends_count_and_what_overhangs_is_clipped(library, ends, rows, first, last):
    frames = numbers(library, depth_min=ends[0], depth_max=ends[1])
    assert (frames["total_frames"], frames["depth_min"], frames["depth_max"]) == (rows, first, last)
    assert len(frames["frames"]) == rows


def test_a_picture_is_the_numbers_in_the_colours_of_the_images_display_range(library):
    values = pixels(numbers(library))
    response, shown = picture(library)
    assert response.headers["content-type"] == "image/png"
    assert shown.shape == (85, 150, 4)
    np.testing.assert_array_equal(shown, palette("blue-red")[indices(values, 0, 255)])


def test_colormap_true_is_blue_to_red_and_false_is_grey(library):
    values = pixels(numbers(library))
    _, coloured = picture(library, colormap="true", rescale=f"{values.min()},{values.max()}")
    low, high = coloured[values == values.min()][0], coloured[values == values.max()][0]
    assert low[2] > low[0], "the lowest value is blue"
    assert high[0] > high[2], "the highest value is red"
    _, grey = picture(library, colormap="false")
    assert (grey[..., 0] == grey[..., 1]).all()
    assert (grey[..., 0] == grey[..., 2]).all()
    assert abs(grey[..., 0].astype(float) - np.clip(values, 0, 255)).max() < 1.1


def test_a_depth_has_one_colour_whatever_window_shows_it(library):
    _, shown = picture(library)
    _, alone = picture(library, depth_min=9205.0, depth_max=9205.0)
    np.testing.assert_array_equal(alone[0], shown[31])


def test_rescale_and_invert_change_the_colours(library):
    values = pixels(numbers(library))
    _, shown = picture(library, colormap="viridis", rescale="100,120", invert="true")
    np.testing.assert_array_equal(shown, palette("viridis", invert=True)[indices(values, 100, 120)])


def test_nulls_are_null_in_numbers_and_transparent_in_pictures(library, gap):
    query, values = gap
    assert 0 < np.isnan(values).sum() < values.size
    frames = numbers(library, **query, colormap="true")
    _, shown = picture(library, **query)
    np.testing.assert_array_equal(shown[..., 3] == 0, np.isnan(values))
    assert (shown[np.isnan(values), :3] == 255).all(), "white where the alpha is dropped"
    for row, frame in enumerate(frames["frames"]):
        for pixel, (value, colour) in enumerate(zip(frame["pixels"], frame["rgb"], strict=True)):
            assert (value is None) == (colour is None)
            assert colour is None or colour == shown[row, pixel, :3].tolist()


def test_numbers_have_colours_where_they_are_asked_for(library):
    _, grey = picture(library, colormap="false")
    coloured = numbers(library, colormap="false")
    np.testing.assert_array_equal([frame["rgb"] for frame in coloured["frames"]], grey[..., :3])
    assert pixels(coloured).tolist() == pixels(numbers(library)).tolist()


@pytest.mark.parametrize("colormap", [None, "true", "false", "viridis"])
def test_base64_is_the_head_and_the_same_picture(library, colormap):
    answer = numbers(library, format="base64", colormap=colormap)
    response, _ = picture(library, colormap=colormap)
    assert base64.b64decode(answer.pop("image"), validate=True) == response.content
    assert answer == {
        "image_id": 1,
        "depth_min": 9201.9,
        "depth_max": 9210.3,
        "depth_unit": None,
        "total_frames": 85,
        "width": 150,
        "format": "base64",
    }


@pytest.mark.parametrize(
    ("width", "height"), [(150, 85), (1, 1), (75, 40), (301, 170), (150, 85 * 10), (2000, 3)]
)
def test_a_picture_has_the_size_asked_for(library, width, height):
    _, shown = picture(library, width=width, height=height)
    assert shown.shape == (height, width, 4)
    assert (shown[..., 3] == 255).all()


def test_long_ranges_are_drawn_from_the_coarsest_overview_that_has_the_rows(library):
    for height, level in [(5460, 0), (1366, 0), (1365, 1), (400, 1), (300, 2), (1, 2)]:
        response, shown = picture(library, depth_min=None, depth_max=None, height=height)
        assert response.headers["x-level"] == str(level), height
        assert response.headers["x-row-count"] == "5460"
        assert shown.shape == (height, 150, 4)


def test_a_picture_of_an_overview_shows_the_mean_of_its_rows(library):
    whole = library.client.get("/frames", params={"image_id": 1}).json()
    means = pixels(whole).reshape(5460 // 4, 4, 150).mean(axis=1)
    _, shown = picture(library, depth_min=None, depth_max=None, height=1365, colormap="false")
    assert abs(shown[..., 0].astype(float) - np.clip(means, 0, 255)).max() < 1.1


def test_overview_rows_tell_the_depths_they_cover(library):
    """Row 2,017 of the image begins the overview row before the window's: it is shown, and told."""
    response, _ = picture(library, height=20)
    assert response.headers["x-level"] == "1"
    assert (response.headers["x-depth-min"], response.headers["x-depth-max"]) == ("9201.7", "9210.4")
    assert response.headers["x-row-count"] == "88"


def test_headers_tell_the_rows_and_the_time(library):
    for path in ("/frames", "/frames/image"):
        headers = library.client.get(path, params=WINDOW).headers
        assert (headers["x-depth-min"], headers["x-depth-max"]) == ("9201.9", "9210.3")
        assert (headers["x-row-count"], headers["x-level"]) == ("85", "0")
        laps = dict(lap.split(";dur=") for lap in headers["server-timing"].split(", "))
        assert laps.keys() == {"read", "render"}
        assert all(float(milliseconds) >= 0 for milliseconds in laps.values())


def test_depths_in_headers_have_no_decimals_that_say_nothing(library):
    query = asked(depth_min=9100, depth_max=9100)
    assert library.client.get("/frames", params=query).headers["x-depth-min"] == "9100"


def test_numbers_are_compressed_and_pictures_are_not(library):
    answer = library.client.get("/frames", params=WINDOW, headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert "accept-encoding" in answer.headers["vary"].lower()
    shown = library.client.get("/frames/image", params=WINDOW, headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in shown.headers


def test_large_answers_made_in_a_thread_are_those_made_on_the_loop(library, monkeypatch):
    queries = [("/frames", {}), ("/frames", {"format": "base64"}), ("/frames/image", {"width": 300})]
    answers = [library.client.get(path, params=asked(**query)).content for path, query in queries]
    monkeypatch.setattr("app.api.frames.PIXELS_ON_THE_LOOP", 0)
    assert answers == [library.client.get(path, params=asked(**query)).content for path, query in queries]
