"""What a client types and gets; the parts are tested below tests/api and tests/rendering."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

WINDOW = {"image_id": 1, "depth_min": 9201.9, "depth_max": 9210.3}


def test_a_depth_range_includes_both_its_ends(library):
    frames = library.client.get("/frames", params=WINDOW).json()
    assert frames["total_frames"] == 85
    assert frames["frames"][0]["depth"] == 9201.9
    assert frames["frames"][-1]["depth"] == 9210.3


def test_pixels_are_those_of_scipy_zoom(library):
    frames = library.client.get("/frames", params=WINDOW).json()
    rows = library.whole.pixels[2018:2103]
    expected = ndimage.zoom(rows, (1, 150 / 200), order=3)
    pixels = np.array([frame["pixels"] for frame in frames["frames"]])
    np.testing.assert_allclose(pixels, expected, rtol=2**-14, atol=1e-6)
