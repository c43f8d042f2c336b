"""From values to an encoded picture, decoded again by Pillow."""

from __future__ import annotations

import io
import tracemalloc

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from app.rendering.colormaps import palette
from app.rendering.colouring import indices
from app.rendering.picture import Style, render_png
from app.rendering.resizing import merged_pixels, merged_rows

VALUES = np.linspace(0, 1, 6 * 10, dtype=np.float32).reshape(6, 10)
VALUES[2, 3:5] = np.nan


def entries(png: bytes) -> npt.NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(png)))


@pytest.mark.parametrize("width", [None, 1, 7, 10, 23])
@pytest.mark.parametrize("height", [None, 1, 4, 6, 17])
def test_a_picture_of_any_size_is_the_resized_values_coloured(width, height):
    merged = indices(merged_pixels(merged_rows(VALUES, height or 6), width or 10), 0.1, 0.9)
    rows, pixels = (
        [int((i + 0.5) * count / wanted) for i in range(wanted)]
        for count, wanted in zip(merged.shape, (height or 6, width or 10), strict=True)
    )
    expected = merged[np.ix_(rows, pixels)]
    picture = render_png(VALUES, Style("grey", 0.1, 0.9, width=width, height=height))
    np.testing.assert_array_equal(entries(picture), expected)


def test_invert_turns_the_palette_around():
    picture = Image.open(io.BytesIO(render_png(VALUES, Style("viridis", 0, 1, invert=True)))).convert("RGBA")
    colours = palette("viridis")
    assert picture.getpixel((0, 0)) == tuple(colours[254])
    assert picture.getpixel((9, 5)) == tuple(colours[0])
    assert picture.getpixel((3, 2))[3] == 0


def test_enlarging_takes_a_few_bytes_for_each_pixel_of_the_picture():
    tracemalloc.start()
    try:
        render_png(VALUES, Style("grey", 0, 1, width=2000, height=1000))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 6 * 2000 * 1000
