"""Rows placed where they lie in depth, against the definition written out row by row."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import DepthRangeEmpty, InvalidParameter
from app.rendering.depth_axis import DepthAxis, depth_axis, on_depth_axis, rows_in_sight
from app.rendering.depth_range import RowRange
from app.rendering.row_extents import row_extents
from app.rendering.view import view_of
from app.storage.overviews import level_rows, means, reduce_rows

STEP = 0.1
DEPTHS = np.round(100 + STEP * np.arange(12), 1)
GAPPY = np.concatenate([DEPTHS[:5], DEPTHS[5:] + 2])  # 100.0 … 100.4, 102.5 … 103.1


def numbered(rows, width=2):
    """Every pixel of a row is the row's number."""
    return np.repeat(np.arange(rows, dtype=np.float32)[:, np.newaxis], width, axis=1)


def placed(depths, axis, values=None, level=0, step=STEP):
    """The first pixel of each line of the picture, None where null."""
    values = numbered(len(depths)) if values is None else values
    for _ in range(level):
        values = means(*reduce_rows(values))
    view = view_of(level, 0, level_rows(len(depths), level), len(depths))
    shown = on_depth_axis(values, row_extents(depths, view, step), 0, step, axis)
    assert shown.dtype == np.float32
    assert shown.shape == (axis.height, values.shape[1])
    return [None if math.isnan(value) else float(value) for value in shown[:, 0]]


def test_a_line_for_each_row_is_the_rows():
    assert placed(DEPTHS, DepthAxis(99.95, 101.15, 12)) == list(range(12))


def test_lines_that_begin_at_the_very_depths_take_one_row_each():
    assert placed(DEPTHS, DepthAxis(100.0, 101.2, 12)) == list(range(12))
    assert placed(DEPTHS, DepthAxis(100.0, 101.1, 11)) == list(range(11))


def test_higher_pictures_repeat_rows_and_lower_ones_average_them():
    assert placed(DEPTHS, DepthAxis(99.95, 101.15, 36)) == [row for row in range(12) for _ in range(3)]
    assert placed(DEPTHS, DepthAxis(99.95, 101.15, 4)) == [1, 4, 7, 10]


def test_beyond_the_images_ends_there_is_nothing():
    assert placed(DEPTHS, DepthAxis(99.75, 101.35, 16)) == [None, None, *range(12), None, None]


def test_a_gap_is_null_from_half_a_step_beyond_its_rows():
    shown = placed(GAPPY, DepthAxis(99.95, 103.15, 32))
    assert shown == [*range(5), *[None] * 20, *range(5, 12)]


def test_a_step_of_three_medians_is_no_gap():
    depths = np.array([100.0, 100.1, 100.2, 100.5, 100.6, 100.7])
    assert placed(depths, DepthAxis(99.95, 100.75, 8)) == [0, 1, 2, 2, 3, 3, 4, 5]


@pytest.mark.parametrize("level", [1, 2])
def test_no_row_of_an_overview_reaches_over_a_gap(level):
    shown = placed(GAPPY, DepthAxis(99.95, 103.15, 32), level=level)
    assert [line is None for line in shown] == [*[False] * 5, *[True] * 20, *[False] * 7]


def test_nulls_take_no_part_and_lines_of_nulls_are_null():
    values = numbered(12)
    values[3:8] = np.nan
    values[1] = np.nan
    assert placed(DEPTHS, DepthAxis(99.95, 101.15, 4), values) == [1, None, 8, 10]
    assert placed(DEPTHS, DepthAxis(99.95, 101.15, 12), values)[:6] == [0, None, 2, None, None, None]


def test_a_row_between_two_gaps_is_never_lost():
    depths = np.concatenate([np.arange(0, 10, STEP), [500.0], np.arange(1000, 1010, STEP)])
    shown = placed(depths, DepthAxis(-0.05, 1010, 20))
    assert 100 in shown


def test_what_is_right_does_not_depend_on_the_rows_read_around_it():
    depths = np.sort(np.round(np.random.default_rng(1).uniform(0, 100, 700), 2))
    depths = np.unique(depths)
    step = float(np.median(np.diff(depths)))
    values = np.random.default_rng(2).normal(size=(len(depths), 3)).astype(np.float32)
    axis = DepthAxis(30.0, 42.0, 77)
    whole = view_of(0, 0, len(depths), len(depths))
    rows = rows_in_sight(depths, axis, step)
    part = view_of(0, rows.start, rows.stop, len(depths))
    np.testing.assert_array_equal(
        on_depth_axis(
            values[rows.start : rows.stop], row_extents(depths, part, step), rows.start, step, axis
        ),
        on_depth_axis(values, row_extents(depths, whole, step), 0, step, axis),
    )


@given(
    steps=st.lists(st.sampled_from([0.05, 0.1, 0.1, 0.1, 0.25, 0.7, 5.0]), min_size=3, max_size=60),
    top=st.floats(-3, 20),
    span=st.floats(0.01, 60),
    height=st.integers(1, 90),
)
def test_every_line_is_what_lies_in_its_slice(steps, top, span, height):
    depths = np.cumsum(steps)
    step = float(np.median(np.diff(depths)))
    axis = DepthAxis(top, top + span, height)
    upper, lower = edges(depths, step)
    for line, shown in enumerate(placed(depths, axis, step=step)):
        begin, end = (top + span * k / height for k in (line, line + 1))
        middles = (upper + lower) / 2
        inside = np.flatnonzero((middles >= begin - step / 100) & (middles < end + step / 100))
        reaching = np.flatnonzero((lower > begin) & (upper < end))
        if shown is None:
            middle = (begin + end) / 2
            assert not ((upper < middle - step / 100) & (lower > middle + step / 100)).any()
        elif len(inside):
            assert inside[0] - 1 <= shown <= inside[-1] + 1
        else:
            assert shown in reaching


def edges(depths, step):
    """Rows meet half way, and end half a step beyond their depths where a gap or nothing follows."""
    near = np.diff(depths) <= 3.001 * step
    half = (depths[1:] + depths[:-1]) / 2
    upper = np.concatenate([[depths[0] - step / 2], np.where(near, half, depths[1:] - step / 2)])
    lower = np.concatenate([np.where(near, half, depths[:-1] + step / 2), [depths[-1] + step / 2]])
    return upper, lower


def test_ends_that_are_left_out_show_the_outermost_rows_whole():
    assert depth_axis(DEPTHS, None, None, STEP, None, 8192) == (
        pytest.approx(99.95),
        pytest.approx(101.15),
        12,
    )
    assert depth_axis(DEPTHS, 100.2, None, STEP, 5, 8192) == (100.2, pytest.approx(101.15), 5)
    assert depth_axis(DEPTHS, 0, 1e6, STEP, None, 8192).height == 8192
    assert depth_axis(DEPTHS, 100.01, 100.02, STEP, None, 8192).height == 1


def test_an_image_of_one_row_has_an_axis_too():
    axis = depth_axis(np.array([7.0]), None, None, 0.0, 3, 8192)
    assert axis == (6.5, 7.5, 3)
    assert placed(np.array([7.0]), axis, step=0.0) == [0, 0, 0]


@pytest.mark.parametrize(
    "ends", [(100, 100), (101, 100), (math.nan, 1), (0, math.inf), (-1.7e308, 1.7e308)], ids=str
)
def test_a_range_without_length_is_refused(ends):
    with pytest.raises(InvalidParameter):
        depth_axis(DEPTHS, *ends, STEP, None, 8192)


def test_rows_in_sight_are_those_that_reach_in_and_their_neighbours():
    assert rows_in_sight(DEPTHS, DepthAxis(100.3, 100.5, 1), STEP) == RowRange(2, 7)
    assert rows_in_sight(DEPTHS, DepthAxis(0, 1000, 1), STEP) == RowRange(0, 12)
    assert rows_in_sight(DEPTHS, DepthAxis(100.32, 100.34, 1), STEP) == RowRange(3, 5)
    assert rows_in_sight(GAPPY, DepthAxis(100.42, 101, 1), STEP) == RowRange(4, 6)
    assert rows_in_sight(GAPPY, DepthAxis(101, 102.47, 1), STEP) == RowRange(4, 6)
    assert rows_in_sight(DEPTHS, DepthAxis(99, 99.97, 1), STEP) == RowRange(0, 1)
    assert rows_in_sight(DEPTHS, DepthAxis(101.12, 200, 1), STEP) == RowRange(11, 12)


@pytest.mark.parametrize("ends", [(101, 102), (0, 99.9), (101.2, 300), (100.46, 100.5)])
def test_where_no_row_reaches_in_the_range_is_empty(ends):
    with pytest.raises(DepthRangeEmpty):
        rows_in_sight(GAPPY if ends != (101.2, 300) else DEPTHS, DepthAxis(*ends, 1), STEP)
