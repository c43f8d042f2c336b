"""A picture whose rows are slices of depth, each as high as the next: what a log shows, gaps and all."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from app.errors import InvalidParameter
from app.rendering.depth_range import TOLERANCE_IN_STEPS, RowRange, check_range, select_rows
from app.rendering.row_extents import RowExtents, gap_limit

Depths = npt.NDArray[np.float64]
Values = npt.NDArray[np.float32]


class DepthAxis(NamedTuple):
    """`height` slices of equal depth from `top` to `bottom`, top < bottom, in the image's unit."""

    top: float
    bottom: float
    height: int


def depth_axis(
    depths: Depths,
    depth_min: float | None,
    depth_max: float | None,
    step: float,
    height: int | None,
    highest: int,
) -> DepthAxis:
    """The axis that is asked for. An end that is None is that of the image, half a step beyond its outermost row.

    depths: float64 (n,), ascending. step: the image's median step. height: None for one slice to a step, `highest`
    at most. Raises InvalidParameter where an end is not finite, or the range has no length.
    """
    check_range(depth_min, depth_max)
    step = step or 1.0
    top = float(depths[0]) - step / 2 if depth_min is None else depth_min
    bottom = float(depths[-1]) + step / 2 if depth_max is None else depth_max
    if not 0 < bottom - top < math.inf:
        raise InvalidParameter(
            f"a picture with axis=depth needs a range of some length, and {top:.12g} to {bottom:.12g} is none: "
            "give depth_min less than depth_max, or axis=row",
            parameter="depth_min",
            depth_min=top,
            depth_max=bottom,
        )
    return DepthAxis(top, bottom, height or min(max(round((bottom - top) / step), 1), highest))


def rows_in_sight(depths: Depths, axis: DepthAxis, step: float) -> RowRange:
    """The rows that reach into the axis, and the neighbours that decide how far the outermost of them reach.

    depths: float64 (n,), ascending. step: the image's median step. Raises DepthRangeEmpty where there are none.
    """
    first = int(depths.searchsorted(axis.top, "left"))
    stop = int(depths.searchsorted(axis.bottom, "right"))
    if first == stop and not _is_covered(depths, first, axis, step):
        return select_rows(depths, axis.top, axis.bottom, step)
    return RowRange(max(first - 1, 0), min(stop + 1, len(depths)))


def _is_covered(depths: Depths, below: int, axis: DepthAxis, step: float) -> bool:
    """Whether a row reaches into an axis that holds no row's depth. below: the first row deeper than it."""
    above, deeper = depths[max(below - 1, 0)], depths[min(below, len(depths) - 1)]
    if 0 < below < len(depths) and deeper - above <= gap_limit(step):
        return True
    reach = step / 2
    return bool(
        (below > 0 and above + reach > axis.top) or (below < len(depths) and deeper - reach < axis.bottom)
    )


def on_depth_axis(values: Values, extents: RowExtents, start: int, step: float, axis: DepthAxis) -> Values:
    """The values of each slice of depth: float32 (axis.height, w), null where no row reaches.

    values: float32 (n, w), NaN where null; rows of a level from its row `start` on. extents: theirs. A slice is the
    mean of the rows whose middle lies in it, of what is not null in them; where there is none, the row that covers
    its own middle. Rows meet half way; at a gap, a row ends half a step beyond its depth.
    """
    top, bottom, row = _stretches(extents, start, step)
    slices = np.linspace(axis.top, axis.bottom, axis.height + 1)
    tolerance = step * TOLERANCE_IN_STEPS  # or a slice as high as a row gets two of them, and the next none
    bounds = ((top + bottom) / 2).searchsorted(slices - tolerance, "left")

    placed = np.full((axis.height, values.shape[1]), np.nan, dtype=np.float32)
    middles = (slices[:-1] + slices[1:]) / 2 + tolerance
    covering = bottom.searchsorted(middles, "right")
    lone = np.flatnonzero((bounds[1:] == bounds[:-1]) & (covering < len(top)))
    lone = lone[top[covering[lone]] <= middles[lone]]
    placed[lone] = values[row[covering[lone]]]

    crowded = np.flatnonzero(bounds[1:] > bounds[:-1])
    if len(crowded):
        inside = values[row[bounds[0] : bounds[-1]]]
        present = ~np.isnan(inside)
        starts = bounds[crowded] - bounds[0]
        counts = np.add.reduceat(present, starts, axis=0, dtype=np.int32)
        sums = np.add.reduceat(np.where(present, inside, np.float32(0)), starts, axis=0, dtype=np.float64)
        means = np.full(sums.shape, np.nan)
        np.divide(sums, counts, out=means, where=counts > 0)
        placed[crowded] = means
    return placed


def _stretches(extents: RowExtents, start: int, step: float) -> tuple[Depths, Depths, npt.NDArray[np.int64]]:
    """From where to where the rows reach, ascending, and the number of each one's row among the values."""
    top = np.concatenate([extents.top, extents.continued_top])
    order = np.argsort(top, kind="stable")
    top = top[order]
    bottom = np.concatenate([extents.bottom, extents.continued_bottom])[order]
    row = np.concatenate([np.arange(len(extents.top)), extents.continued_row - start])[order]
    meets = top[1:] - bottom[:-1] <= gap_limit(step)
    half_way = (top[1:] + bottom[:-1]) / 2
    reach = (step or 1.0) / 2
    upper = np.concatenate([top[:1] - reach, np.where(meets, half_way, top[1:] - reach)])
    lower = np.concatenate([np.where(meets, half_way, bottom[:-1] + reach), bottom[-1:] + reach])
    return upper, lower, row
