import base64
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rendering.frames_json import frames_base64, frames_json

DEPTHS = np.array([9201.9, 9202.0])
VALUES = np.array([[1.5, math.nan, 101.0], [0.1, 1e-7, -20.0]], dtype=np.float32)


def test_the_body_is_a_head_and_a_frame_for_each_depth() -> None:
    assert json.loads(frames_json(1, "m", DEPTHS, VALUES)) == {
        "image_id": 1,
        "depth_min": 9201.9,
        "depth_max": 9202.0,
        "depth_unit": "m",
        "total_frames": 2,
        "width": 3,
        "frames": [
            {"depth": 9201.9, "pixels": [1.5, None, 101.0]},
            {"depth": 9202.0, "pixels": [0.1, 1e-7, -20.0]},
        ],
    }


def test_the_head_comes_before_the_frames_in_the_order_of_the_contract() -> None:
    keys = list(json.loads(frames_json(1, "m", DEPTHS, VALUES)))

    assert keys == ["image_id", "depth_min", "depth_max", "depth_unit", "total_frames", "width", "frames"]


def test_an_unknown_unit_is_null() -> None:
    assert json.loads(frames_json(1, None, DEPTHS, VALUES))["depth_unit"] is None


def test_colours_are_told_beside_the_pixels_where_a_colormap_is_asked_for() -> None:
    rgb = [[[0, 0, 0], None, [255, 0, 7]], [[1, 2, 3], [4, 5, 6], [7, 8, 9]]]

    frames = json.loads(frames_json(1, "m", DEPTHS, VALUES, rgb))["frames"]

    assert [frame["rgb"] for frame in frames] == rgb
    assert [list(frame) for frame in frames] == [["depth", "pixels", "rgb"]] * 2


def test_numbers_have_no_digit_more_than_they_need() -> None:
    body = frames_json(1, "m", np.array([9201.9]), np.array([[0.1, 99.92969]], dtype=np.float32))

    assert b'{"depth":9201.9,"pixels":[0.1,99.92969]}' in body


def test_values_that_are_a_view_of_a_cached_block_are_told_in_their_order() -> None:
    block = np.arange(24, dtype=np.float32).reshape(4, 6)
    block.flags.writeable = False

    frames = json.loads(frames_json(1, "m", DEPTHS, block[1:3, ::2]))["frames"]

    assert [frame["pixels"] for frame in frames] == [[6, 8, 10], [12, 14, 16]]


def test_colours_of_other_frames_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        frames_json(1, "m", DEPTHS, VALUES, [[[0, 0, 0], None, [255, 0, 7]]])


@given(depth=st.floats(-1e5, 1e5), value=st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_numbers_read_again_are_the_same_numbers(depth: float, value: float) -> None:
    frame = json.loads(frames_json(1, None, np.array([depth]), np.array([[value]], dtype=np.float32)))

    assert frame["frames"][0]["depth"] == depth
    assert np.float32(frame["frames"][0]["pixels"][0]) == np.float32(value)


def test_base64_is_the_same_head_and_the_picture() -> None:
    body = json.loads(frames_base64(7, "ft", DEPTHS, 150, b"\x89PNG picture"))

    assert base64.b64decode(body.pop("image")) == b"\x89PNG picture"
    assert body == {
        "image_id": 7,
        "depth_min": 9201.9,
        "depth_max": 9202.0,
        "depth_unit": "ft",
        "total_frames": 2,
        "width": 150,
        "format": "base64",
    }
