import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from app.rendering.resizing import level_for, merged_pixels, merged_rows, repeated

NULL = math.nan


def column(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float32)[:, np.newaxis]


def flat(values: np.ndarray) -> list[float]:
    return [float(value) for value in values.ravel()]


def test_fewer_rows_are_the_means_of_neighbours() -> None:
    assert flat(merged_rows(column(1, 3, 10, 20, 7, 9), 3)) == [2, 15, 8]


def test_groups_are_uneven_by_one_row_at_most() -> None:
    assert flat(merged_rows(column(1, 2, 4, 10, 20), 2)) == [1.5, pytest.approx(34 / 3)]


def test_nulls_do_not_count_in_a_mean() -> None:
    assert flat(merged_rows(column(1, NULL, NULL, 4), 2)) == [1, 4]


def test_a_mean_of_nothing_but_nulls_is_null() -> None:
    assert flat(merged_rows(column(NULL, NULL, 3, 4), 2)) == pytest.approx([NULL, 3.5], nan_ok=True)


def test_more_rows_and_pixels_are_the_nearest_repeated() -> None:
    entries = np.array([[1], [2], [3]], dtype=np.uint8)
    assert flat(repeated(entries[:2], 6, 1)) == [1, 1, 1, 2, 2, 2]
    assert flat(repeated(entries, 4, 1)) == [1, 2, 2, 3]
    assert repeated(entries[:2].T, 2, 4).tolist() == [[1, 1, 2, 2]] * 2


def test_a_picture_of_its_own_size_is_left_alone() -> None:
    values = column(1, NULL, 3)

    for size in (3, 4):
        assert merged_rows(values, size) is values
        assert merged_pixels(values, size) is values


def test_one_row_is_the_mean_of_all() -> None:
    assert flat(merged_rows(column(*range(1001)), 1)) == [500]


def test_a_mean_of_many_rows_gathers_no_rounding_error() -> None:
    assert flat(merged_rows(column(*([0.1] * 5000)), 1)) == [np.float32(0.1)]


def test_width_is_fitted_along_the_pixels() -> None:
    values = np.array([[1, 3, 10, 20], [5, NULL, NULL, NULL]], dtype=np.float32)

    assert flat(merged_pixels(values, 2)) == pytest.approx([2, 15, 5, NULL], nan_ok=True)


def test_the_values_are_left_as_they_were() -> None:
    values = column(1, NULL, 3, 4)
    values.flags.writeable = False

    merged_rows(values, 2)
    merged_pixels(values, 1)

    assert flat(values) == pytest.approx([1, NULL, 3, 4], nan_ok=True)


def reference(rows: list[list[float]], height: int) -> list[list[float]]:
    count, height = len(rows), min(height, len(rows))
    return [
        [mean(pixels) for pixels in zip(*rows[i * count // height : (i + 1) * count // height], strict=True)]
        for i in range(height)
    ]


def mean(pixels: tuple[float, ...]) -> float:
    known = [pixel for pixel in pixels if not math.isnan(pixel)]
    return math.fsum(known) / len(known) if known else NULL


pixel_arrays = hnp.arrays(
    np.float32,
    hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=24),
    elements=st.floats(-1000, 1000, width=32) | st.just(NULL),
)


@given(values=pixel_arrays, size=st.integers(1, 40))
def test_both_directions_agree_with_a_look_at_every_pixel(values: np.ndarray, size: int) -> None:
    low, slim = merged_rows(values, size), merged_pixels(values, size)

    assert (low.dtype, slim.dtype) == (np.float32, np.float32)
    np.testing.assert_allclose(low, reference(values.tolist(), size), rtol=1e-6, atol=1e-4)
    np.testing.assert_allclose(slim.T, reference(values.T.tolist(), size), rtol=1e-6, atol=1e-4)
    assert slim.flags.c_contiguous


def test_the_level_is_the_coarsest_that_still_fills_the_height() -> None:
    assert level_for(rows=1_200_000, height=1000, levels=7) == 5
    assert level_for(rows=4000, height=1000, levels=7) == 1
    assert level_for(rows=3996, height=1000, levels=7) == 0


def test_a_level_that_is_not_stored_is_not_chosen() -> None:
    assert level_for(rows=1_200_000, height=10, levels=3) == 2
    assert level_for(rows=1_200_000, height=10, levels=1) == 0


def test_a_height_beyond_the_rows_is_taken_from_the_image_itself() -> None:
    assert level_for(rows=84, height=500, levels=7) == 0


@given(
    rows=st.integers(1, 2_000), start=st.integers(0, 70), height=st.integers(1, 500), levels=st.integers(1, 6)
)
def test_no_coarser_level_is_sure_to_have_the_rows(rows: int, start: int, height: int, levels: int) -> None:
    def rows_at(level: int, start: int) -> int:
        return len({row // 4**level for row in range(start, start + rows)})

    level = level_for(rows, height, levels)

    assert 0 <= level < levels
    assert level == 0 or rows_at(level, start) >= height
    assert level == levels - 1 or rows_at(level + 1, 0) < height
