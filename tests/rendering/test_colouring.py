import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from app.rendering.colormaps import palette
from app.rendering.colouring import indices, rgb_rows


def row(*values: float) -> np.ndarray:
    return np.array([values], dtype=np.float32)


def test_the_ends_of_the_display_range_are_the_first_and_the_last_colour() -> None:
    assert indices(row(10, 15, 20), 10, 20).tolist() == [[0, 127, 254]]


def test_values_beyond_the_display_range_are_clipped() -> None:
    assert indices(row(-20, -1e30, 275, 1e30), 0, 255).tolist() == [[0, 0, 254, 254]]


def test_null_is_the_transparent_entry() -> None:
    assert indices(row(math.nan, 0, math.nan), 0, 255).tolist() == [[255, 0, 255]]


def test_a_half_is_rounded_to_the_even_entry() -> None:
    assert indices(row(0.5, 1.5, 2.5), 0, 254).tolist() == [[0, 2, 2]]


def test_an_image_of_one_value_gets_the_middle_colour() -> None:
    assert indices(row(6, 7, 8, math.nan), 7, 7).tolist() == [[0, 127, 254, 255]]


def test_a_narrow_display_range_far_from_zero_is_resolved() -> None:
    assert indices(row(1_000_000, 1_000_001, 1_000_002), 1e6, 1e6 + 2).tolist() == [[0, 127, 254]]


def test_the_values_are_left_as_they_were() -> None:
    values = row(1, math.nan, 3)
    values.flags.writeable = False

    indices(values, 0, 4)

    assert values[0].tolist() == pytest.approx([1, math.nan, 3], nan_ok=True)


def reference(value: float, lo: float, hi: float) -> set[int]:
    """The entries that are right: one, or two where the value lies halfway between them."""
    if math.isnan(value):
        return {255}
    exact = min(max((value - lo) / (hi - lo), -1.0), 2.0) * 254
    return {min(max(round(exact + slack), 0), 254) for slack in (-0.02, 0.02)}


floats32 = st.floats(width=32, allow_infinity=False)


@given(
    values=hnp.arrays(np.float32, hnp.array_shapes(min_dims=2, max_dims=2), elements=floats32),
    lo=st.floats(-1e6, 1e6),
    width=st.floats(1e-3, 1e6),
)
def test_indices_are_those_of_the_formula(values: np.ndarray, lo: float, width: float) -> None:
    hi = lo + width

    got = indices(values, lo, hi)

    assert got.dtype == np.uint8
    for value, entry in zip(values.ravel().tolist(), got.ravel().tolist(), strict=True):
        assert entry in reference(value, lo, hi)


@given(lo=st.floats(-1e6, 1e6), smallest=st.floats(5e-324, 1e-300))
def test_a_display_range_of_next_to_nothing_warns_of_nothing(lo: float, smallest: float) -> None:
    got = indices(row(-1e38, math.nan, 1e38), lo, max(math.nextafter(lo, math.inf), lo + smallest))

    assert got.tolist() == [[0, 255, 254]]


def test_rgb_is_the_colour_of_each_entry_and_none_where_null() -> None:
    grey = palette("grey")

    assert rgb_rows(np.array([[0, 255], [254, 127]], dtype=np.uint8), grey) == [
        [[0, 0, 0], None],
        [[255, 255, 255], [128, 128, 128]],
    ]
