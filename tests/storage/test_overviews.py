import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.storage.overviews import LevelSums, level_count, level_rows, means, reduce_rows, reduce_sums

RNG = np.random.default_rng(4)


def image(rows, null_share=0.0, width=6):
    values = RNG.normal(100, 50, (rows, width)).astype(np.float32)
    values[RNG.random(values.shape) < null_share] = np.nan
    return values


def mean_by_hand(values, level):
    """Every level from the image itself, a row at a time."""
    out = np.full((level_rows(len(values), level), values.shape[1]), np.nan)
    for row in range(len(out)):
        for column in range(values.shape[1]):
            part = values[row * 4**level : (row + 1) * 4**level, column].astype(float)
            part = part[~np.isnan(part)]
            if part.size:
                out[row, column] = part.mean()
    return out


def sums_of(values, level):
    sums = reduce_rows(values)
    for _ in range(level - 1):
        sums = reduce_sums(*sums)
    return sums


@pytest.mark.parametrize(
    ("rows", "levels"),
    [(1, 0), (1024, 0), (1025, 1), (4096, 1), (4097, 2), (5460, 2), (16_384, 2), (1_200_000, 6)],
)
def test_levels_end_with_the_first_that_fits_in_1024_rows(rows, levels):
    assert level_count(rows) == levels
    assert level_rows(rows, levels) <= 1024
    assert levels == 0 or level_rows(rows, levels - 1) > 1024


@given(rows=st.integers(1, 10**9), level=st.integers(0, 12))
def test_a_level_has_a_row_for_each_four_below_begun(rows, level):
    assert level_rows(rows, level + 1) == -(-level_rows(rows, level) // 4)


@pytest.mark.parametrize("null_share", [0.0, 0.3, 0.95, 1.0])
@pytest.mark.parametrize("rows", [1, 2, 3, 4, 5, 63, 64, 65, 1023, 1024, 1025, 1027, 4096, 5003])
def test_each_level_is_the_mean_of_the_values_that_are_not_null(rows, null_share):
    values = image(rows, null_share)
    for level in (1, 2, 3):
        np.testing.assert_allclose(means(*sums_of(values, level)), mean_by_hand(values, level), rtol=1e-6)


def test_a_lone_value_weighs_like_every_other_however_many_nulls_stood_beside_it():
    values = np.full((16, 1), np.nan, dtype=np.float32)
    values[:4], values[4] = 10, 60
    assert means(*sums_of(values, 2)).tolist() == [[20.0]]


@pytest.mark.parametrize("null_share", [0.0, 0.4])
def test_row_groups_reduced_apart_and_concatenated_give_the_bits_of_the_whole(null_share):
    values = image(3 * 4**5 + 77, null_share)
    parts = [sums_of(values[start : start + 4**5], 3) for start in range(0, len(values), 4**5)]
    sums, counts = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    np.testing.assert_array_equal(means(*reduce_sums(sums, counts)), means(*sums_of(values, 4)))


def test_dtypes_are_those_of_sums_counts_and_stored_rows():
    level = reduce_rows(image(10, 0.5))
    assert isinstance(level, LevelSums)
    for sums, counts in (level, reduce_sums(*level)):
        assert (sums.dtype, counts.dtype) == (np.float64, np.int32)
        assert means(sums, counts).dtype == np.float32


def test_counts_are_those_of_the_rows_there_are():
    values = np.ones((4 * 1024 + 3, 2), dtype=np.float32)
    level = reduce_rows(values)
    assert level.counts.sum() == values.size
    assert level.counts[-1].tolist() == [3, 3]
    values[-1] = np.nan
    assert reduce_rows(values).counts[-1].tolist() == [2, 2]


def test_the_image_is_left_alone():
    values = image(1000, 0.2)
    before = values.copy()
    reduce_rows(values)
    np.testing.assert_array_equal(values, before)
