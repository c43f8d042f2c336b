import io
import json
import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.rendering.frames_json import frames_json
from app.rendering.frames_table import frames_csv, frames_npy

DEPTHS = np.array([9201.9, 9202.0])
VALUES = np.array([[1.5, math.nan, 101.0], [math.nan, 1e-7, -20.0]], dtype=np.float32)


def test_csv_has_a_line_of_names_and_a_line_for_each_frame() -> None:
    assert frames_csv(DEPTHS, VALUES) == b"depth,p1,p2,p3\n9201.9,1.5,,101.0\n9202.0,,1e-7,-20.0\n"


def test_csv_of_one_frame_of_nulls_is_a_depth_and_empty_cells() -> None:
    assert frames_csv(DEPTHS[:1], np.full((1, 3), np.nan, np.float32)) == b"depth,p1,p2,p3\n9201.9,,,\n"


@given(
    st.lists(
        st.lists(st.floats(width=32, allow_infinity=False), min_size=3, max_size=3), min_size=1, max_size=5
    )
)
def test_csv_has_the_digits_of_json(rows: list[list[float]]) -> None:
    depths, values = 100 + 0.1 * np.arange(len(rows)), np.array(rows, dtype=np.float32)

    lines = frames_csv(depths, values).decode().splitlines()[1:]

    told = frames_json(1, None, depths, values).decode()
    frames = json.loads(told, parse_float=str)["frames"]
    expected = [
        [frame["depth"], *("" if pixel is None else pixel for pixel in frame["pixels"])] for frame in frames
    ]
    assert [line.split(",") for line in lines] == expected


def test_npy_is_what_numpy_loads() -> None:
    block = np.arange(24, dtype=np.float32).reshape(4, 6)
    block[2, 2] = np.nan

    loaded = np.load(io.BytesIO(frames_npy(block[1:3, ::2])), allow_pickle=False)

    assert loaded.dtype == np.dtype("<f4")
    np.testing.assert_array_equal(loaded, block[1:3, ::2])
