import io
import time

import numpy as np
import pytest
from PIL import Image

DYNAMIC = {"normalize": "dynamic", "colormap": "false"}


def pixels(answer):
    assert answer.status_code == 200, answer.text
    return np.array(Image.open(io.BytesIO(answer.content)))


def tile(library, well, level, index, **parameters):
    url = f"/images/{well.image_id}/tiles/{level}/{index}.png"
    return library.client.get(url, params=DYNAMIC | parameters)


def window(library, well, first, last, **parameters):
    """The picture of the file's rows first to last, both included."""
    ends = {"depth_min": well.depths[first], "depth_max": well.depths[last]}
    return library.client.get(
        "/frames/image", params={"image_id": well.image_id} | ends | DYNAMIC | parameters
    )


def stored(library, well, first, last):
    ends = {"depth_min": well.depths[first], "depth_max": well.depths[last]}
    frames = library.client.get("/frames", params={"image_id": well.image_id} | ends).json()["frames"]
    return np.array([frame["pixels"] for frame in frames], dtype=float)


def test_a_row_is_coloured_by_the_mean_and_spread_of_the_depths_around_it(library):
    well, row = library.gappy, 1810
    depth = well.depths[row]
    near = np.flatnonzero(np.abs(well.depths - depth) <= 0.5)
    assert near[0] == 1800  # the window reaches into the gap in depth, not over it
    around = stored(library, well, near[0], near[-1])
    values = around[row - near[0]]
    index = np.rint(((values - np.nanmean(around)) / (2 * np.nanstd(around)) + 1) / 2 * 254)
    expected = np.where(np.isnan(values), 255, np.clip(index, 0, 254))
    found = pixels(window(library, well, row, row, window=1))[0].astype(float)
    assert (found == 255).tolist() == np.isnan(values).tolist()
    assert np.abs(found - expected).max() <= 1


def test_a_depth_has_one_colour_in_every_tile_and_window(library):
    whole = library.whole
    tiles = np.concatenate([pixels(tile(library, whole, 0, index)) for index in range(3)])
    for first, last in [(0, 1535), (500, 530), (511, 511), (512, 512), (1000, 1100)]:
        found = pixels(window(library, whole, first, last))
        np.testing.assert_array_equal(found, tiles[first : last + 1])


def test_overviews_are_normalised_too(library):
    rows = 1365
    whole = library.client.get("/frames/image", params={"image_id": 1, "height": rows} | DYNAMIC)
    assert whole.headers["x-level"] == "1"
    tiles = [pixels(tile(library, library.whole, 1, index)) for index in range(3)]
    np.testing.assert_array_equal(np.concatenate(tiles), pixels(whole))


def test_dynamic_is_not_static_and_a_window_not_another(library):
    answers = [
        library.client.get("/images/1/tiles/0/0.png", params=parameters)
        for parameters in (
            {"normalize": "static"},
            {"normalize": "dynamic"},
            {"normalize": "dynamic", "window": 5},
            {"normalize": "dynamic", "rescale": "50,200"},
        )
    ]
    assert len({answer.headers["etag"] for answer in answers}) == 4
    assert len({answer.content for answer in answers}) == 4


def test_the_default_window_is_told_from_no_other_by_its_tag(library):
    default, same = tile(library, library.whole, 0, 0), tile(library, library.whole, 0, 0, window=2)
    assert default.headers["etag"] == same.headers["etag"]
    assert default.content == same.content


def test_rescale_moves_the_ends_of_the_scale(library):
    wide = pixels(tile(library, library.whole, 0, 0, rescale="0,255")).astype(int)
    narrow = pixels(tile(library, library.whole, 0, 0, rescale="63.75,191.25")).astype(int)
    np.testing.assert_array_less(np.abs(narrow - np.clip(2 * wide - 127, 0, 254)), 2)


@pytest.mark.parametrize(
    ("window", "says"),
    [("0", "window"), ("-1", "window"), ("nan", "window"), ("inf", "window"), ("2001", "at most 2000")],
)
def test_a_window_that_is_none_is_refused(library, window, says):
    answer = tile(library, library.whole, 0, 0, window=window)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_parameter")
    assert says in answer.json()["detail"]


def test_the_longest_window_is_answered(library):
    assert len(pixels(tile(library, library.whole, 0, 0, window=2000))) == 512


def test_panning_dynamic_tiles_takes_no_three_times_as_long_as_static_ones(library):
    def seconds(normalize):
        asked = {"normalize": normalize, "window": 10}
        started = time.perf_counter()
        for index in range(10):
            library.client.get(f"/images/1/tiles/0/{index}.png", params=asked)
        return time.perf_counter() - started

    seconds("dynamic"), seconds("static")
    assert min(seconds("dynamic") for _ in range(5)) < 3 * min(seconds("static") for _ in range(5))
