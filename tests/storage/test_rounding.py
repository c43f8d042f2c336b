import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.storage.rounding import round_mantissa

ULP = 2.0**-13


def rounded(*values):
    return round_mantissa(np.array(values, dtype=np.float32)).tolist()


def test_halves_go_to_the_even_neighbour():
    assert rounded(1 + ULP / 2, 1 + 3 * ULP / 2) == [1, 1 + 2 * ULP]
    assert rounded(-1 - ULP / 2, -1 - 3 * ULP / 2) == [-1, -1 - 2 * ULP]


def test_more_and_less_than_half_go_to_the_nearer_neighbour():
    little = 2.0**-23
    assert rounded(1 + ULP / 2 + little, 1 + ULP / 2 - little) == [1 + ULP, 1]


def test_rounding_up_carries_into_the_exponent():
    assert rounded(2 - 2.0**-23) == [2]


def test_whole_grey_levels_are_exact():
    levels = np.arange(256, dtype=np.float32)
    np.testing.assert_array_equal(round_mantissa(levels), levels)


def test_zeros_keep_their_sign_and_infinities_stay():
    result = round_mantissa(np.array([0.0, -0.0, np.inf, -np.inf], dtype=np.float32))
    assert result.tolist() == [0, 0, np.inf, -np.inf]
    assert np.signbit(result).tolist() == [False, True, False, True]


def test_every_kind_of_nan_stays_nan():
    bits = np.array([0x7FC00000, 0xFFC00000, 0x7F800001, 0x7FFFFFFF, 0xFFFFFFFF], dtype=np.uint32)
    result = round_mantissa(bits.view(np.float32))
    assert result.view(np.uint32).tolist() == bits.tolist()


def test_largest_values_never_become_infinite():
    largest = np.finfo(np.float32).max
    below = np.nextafter(np.float32(2.0**128 * (1 - 2.0**-15)), np.float32(0))
    result = round_mantissa(np.array([largest, -largest, below], dtype=np.float32))
    assert np.isfinite(result).all()
    assert result[:2].tolist() == [largest, -largest]


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1))
def test_error_is_at_most_two_to_the_minus_14_of_the_value(values):
    exact = np.array(values, dtype=np.float32)
    result = round_mantissa(exact)
    error = np.abs(result.astype(np.float64) - exact.astype(np.float64))
    assert (error <= np.abs(exact.astype(np.float64)) * 2.0**-14).all()
    assert (np.signbit(result) == np.signbit(exact)).all()


def test_normal_values_end_in_ten_zero_bits_and_rounding_again_changes_nothing():
    values = np.random.default_rng(0).normal(100, 50, 100_003).astype(np.float32)
    result = round_mantissa(values)
    assert not (result.view(np.uint32) & 0x3FF).any()
    np.testing.assert_array_equal(round_mantissa(result), result)
    assert len(np.unique(result)) > 10_000


@pytest.mark.parametrize("shape", [(0, 150), (3, 150), (2, 3, 4)])
def test_shape_is_kept_and_the_argument_left_alone(shape):
    values = np.full(shape, 1.0001, dtype=np.float32)
    result = round_mantissa(values)
    assert result.shape == shape
    assert result.dtype == np.float32
    assert (values == np.float32(1.0001)).all()


def test_rows_that_are_not_contiguous_are_rounded_alike():
    values = np.random.default_rng(1).normal(size=(40, 30)).astype(np.float32)
    np.testing.assert_array_equal(round_mantissa(values[::2, ::3]), round_mantissa(values)[::2, ::3])
