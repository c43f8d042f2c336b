import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.rendering.normalising import (
    block_moments,
    default_window,
    normalised,
    on_window_scale,
    window_moments,
    window_rows,
)
from app.rendering.picture import Style
from app.rendering.view import View, view_of
from app.storage.arrays.reading import BLOCK_ROWS

NULL = np.nan


def stretched(
    rows: np.ndarray, depths: np.ndarray, view: View, window: float, origin: float = 100.0, step: float = 1.0
) -> np.ndarray:
    """Dynamic normalisation of a view, out of blocks as they are stored: full, null below the last row."""
    blocks = np.full((-(-len(rows) // BLOCK_ROWS) * BLOCK_ROWS, rows.shape[1]), NULL, dtype=np.float32)
    blocks[: len(rows)] = rows

    def moments_of(block: int) -> np.ndarray:
        return block_moments(blocks[block * BLOCK_ROWS :][:BLOCK_ROWS], origin)

    first, last = window_rows(depths, view, window, step)
    moments = window_moments(moments_of, first, last)
    return normalised(rows[view.start : view.stop].astype(np.float32), moments, origin)


def by_hand(rows: np.ndarray, depths: np.ndarray, window: float) -> np.ndarray:
    expected = np.full(rows.shape, NULL)
    for row, depth in enumerate(depths):
        around = rows[np.abs(depths - depth) <= window / 2 + 1e-9]
        if not np.isnan(around).all():
            expected[row] = (rows[row] - np.nanmean(around)) / (2 * np.nanstd(around))
    return expected


def wall(rows: int, seed: int = 0) -> np.ndarray:
    """Beds whose level and contrast drift, with nulls: float32 (rows, 6)."""
    random = np.random.default_rng(seed)
    at = np.arange(rows)[:, np.newaxis]
    values = 100 + 60 * np.sin(at / 90) + random.normal(size=(rows, 6)) * (3 + at % 400 / 20)
    values[random.random(values.shape) < 0.1] = NULL
    values[random.random(rows) < 0.02] = NULL
    return values.astype(np.float32)


@pytest.mark.parametrize("window", [2.0, 41.0, 700.0, 2600.0])
def test_each_row_is_stretched_by_what_lies_around_it(window: float) -> None:
    rows = wall(1900)
    depths = 5.0 + np.arange(1900)

    found = stretched(rows, depths, view_of(0, 0, 1900, 1900), window)

    np.testing.assert_allclose(found, by_hand(rows.astype(float), depths, window), rtol=1e-4, atol=1e-5)


def test_a_window_is_of_depth_and_ends_at_a_gap() -> None:
    depths = np.concatenate([np.arange(0, 40, 1.0), np.arange(300, 340, 0.5)])
    rows = wall(len(depths), seed=3)
    rows[:40] *= 10

    found = stretched(rows, depths, view_of(0, 0, len(depths), len(depths)), 20.0)

    np.testing.assert_allclose(found, by_hand(rows.astype(float), depths, 20.0), rtol=1e-4, atol=1e-5)


def test_a_window_includes_both_its_ends_however_its_depths_were_made() -> None:
    depths = 9000.1 + 0.1 * np.arange(500)

    first, last = window_rows(depths, view_of(0, 0, 500, 500), 0.6, 0.1)

    assert set((last - first)[3:-3]) == {7}


@settings(deadline=None)
@given(
    window=st.floats(1, 3000),
    start=st.integers(0, 1999),
    count=st.integers(1, 1200),
)
def test_a_depth_has_the_very_same_colour_in_every_picture(window: float, start: int, count: int) -> None:
    stop = min(start + count, 2000)

    part = stretched(WALL, DEPTHS, view_of(0, start, stop, 2000), window)

    whole = stretched(WALL, DEPTHS, view_of(0, 0, 2000, 2000), window)
    np.testing.assert_array_equal(part, whole[start:stop])


WALL = wall(2000, seed=7)
DEPTHS = np.cumsum(np.random.default_rng(1).choice([0.9, 1.0, 1.3, 30.0], 2000, p=[0.3, 0.5, 0.19, 0.01]))


def test_nulls_stay_null_and_do_not_count() -> None:
    rows = np.array([[1, NULL, 3], [NULL, NULL, NULL], [1, 3, NULL]], dtype=np.float32)

    found = stretched(rows, np.arange(3.0), view_of(0, 0, 3, 3), 100.0)

    np.testing.assert_allclose(found, [[-0.5, NULL, 0.5], [NULL] * 3, [-0.5, 0.5, NULL]], atol=1e-6)


@pytest.mark.parametrize("value", [0.0, 100.0, 0.1, -7e8, 3e38])
def test_the_last_digit_of_float32_is_no_contrast(value: float) -> None:
    rows = np.full((300, 150), value, dtype=np.float32)
    rows[::2, ::3] = np.nextafter(np.float32(value), np.float32(np.inf))

    assert np.abs(stretched(rows, np.arange(300.0), view_of(0, 0, 300, 300), 10.0)).max() < 1e-6


@pytest.mark.parametrize("value", [0.0, 100.0, 0.1, -7e8, 3e38])
def test_a_wall_without_contrast_is_in_the_middle(value: float) -> None:
    rows = np.full((300, 150), value, dtype=np.float32)

    assert not stretched(rows, np.arange(300.0), view_of(0, 0, 300, 300), 10.0).any()


def test_faint_contrast_far_from_the_display_range_is_still_contrast() -> None:
    rows = (1e6 + np.arange(6) * np.ones((30, 1))).astype(np.float32)

    found = stretched(rows, np.arange(30.0), view_of(0, 0, 30, 30), 10.0)

    np.testing.assert_allclose(found[3], (np.arange(6) - 2.5) / (2 * np.std(np.arange(6))), rtol=1e-3)


def test_rows_of_an_overview_lie_at_their_middle_and_have_company() -> None:
    depths = np.arange(4 * 100 + 1.0)

    first, last = window_rows(depths, view_of(1, 0, 101, 401), 80.0, 1.0)

    assert (first[50], last[50]) == (40, 61)
    assert (first[0], last[100]) == (0, 101)
    first, last = window_rows(depths, view_of(1, 0, 101, 401), 0.1, 1.0)
    assert (first[50], last[50]) == (46, 55)


def test_an_overview_row_broken_by_a_gap_lies_with_the_more_of_its_rows() -> None:
    depths = np.array([0.0, *range(100, 131)])

    first, last = window_rows(depths, view_of(1, 0, 8, 32), 1.0, 1.0)

    assert (first[0], last[0]) == (0, 5)
    assert first[1] == 0


@settings(deadline=None)
@given(rows=st.integers(1, 300), level=st.integers(0, 3), window=st.floats(0.1, 500))
def test_every_row_is_within_its_own_window(rows: int, level: int, window: float) -> None:
    count = -(-rows // 4**level)

    first, last = window_rows(np.arange(float(rows)), view_of(level, 0, count, rows), window, 1.0)

    assert (first >= 0).all()
    assert (first <= np.arange(count)).all()
    assert (np.arange(count) < last).all()
    assert (last <= count).all()


def test_the_default_window_is_two_metres_or_six_feet_but_never_a_few_rows() -> None:
    assert default_window("m", 0.0025) == default_window(None, 0.0025) == 2.0
    assert default_window("ft", 0.01) == 6.0
    assert default_window("m", 0.5) == 10.0


def test_other_ends_are_moved_as_in_the_display_range() -> None:
    style = on_window_scale(Style("grey", 0.0, 255.0), 0.0, 255.0)
    assert (style.low, style.high) == (-1.0, 1.0)
    style = on_window_scale(Style("grey", 100.0, 300.0), 0.0, 200.0)
    assert (style.low, style.high) == (0.0, 2.0)
