"""Dynamic normalisation: every row on the scale of what lies around it in depth.

Interpreters look at two pictures of a wall: the static one, where a colour is a value, and the dynamic one, where
faint beds show beside strong ones because each depth is stretched by the values in a window that slides with it,
commonly 2 ft to 2 m long. Here the colormap's ends are the window's mean ± 2 standard deviations: of a normal
distribution close to its 2nd and 98th percentiles, which the static display range is made of. Percentiles and
equalised histograms, the other customary choices, must be sorted or counted anew for each row; moments add up, so
that a window costs the same however long it is. And a straight line keeps the contrasts within a row in proportion
and leaves a wall without contrast one colour, where equalising makes a picture of its noise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from app.rendering.depth_range import TOLERANCE_IN_STEPS
from app.rendering.picture import Style
from app.rendering.view import View
from app.storage.arrays.reading import BLOCK_ROWS
from app.storage.overviews import ROWS_PER_OVERVIEW_ROW, level_rows

Values = npt.NDArray[np.float32]
Moments = npt.NDArray[np.float64]
RowNumbers = npt.NDArray[np.int64]

DEVIATIONS = 2.0
"""Standard deviations from the window's mean to the colormap's ends."""

DEFAULT_WINDOWS = {"m": 2.0, "ft": 6.0}
DEFAULT_WINDOW_ROWS = 20
"""Where rows lie far apart, the default window is so many rows long at least."""

OVERVIEW_WINDOW_ROWS = 8
"""A window is at least so many rows of an overview long: in one row alone only its own contrast would be left."""

# Below this share of the values' size a deviation is rounding, not contrast.
CONSTANT = 1e-6


def default_window(depth_unit: str | None, step: float) -> float:
    """Length in the image's depth unit; where that is unknown, as if it were metres. step: median, same unit."""
    return max(DEFAULT_WINDOWS.get(depth_unit or "m", DEFAULT_WINDOWS["m"]), DEFAULT_WINDOW_ROWS * step)


def window_rows(
    depths: npt.NDArray[np.float64], view: View, window: float, step: float
) -> tuple[RowNumbers, RowNumbers]:
    """For each row of a view, the first row (inclusive) and the last (exclusive) of its level within its window.

    depths: float64, of all the image's rows, ascending. window: length in depth, half of it above the row and half
    below, ends included. step: the image's median step. Both int64 (n,). An overview row lies at the depth of
    the image row in its middle.
    """
    height = ROWS_PER_OVERVIEW_ROW**view.level
    middle = (height - 1) // 2
    half = window / 2 + step * TOLERANCE_IN_STEPS
    if view.level:
        half = max(half, OVERVIEW_WINDOW_ROWS / 2 * height * step)
    own = depths[np.minimum(np.arange(view.start, view.stop) * height + middle, len(depths) - 1)]
    above = depths.searchsorted(own - half, "left")
    below = depths.searchsorted(own + half, "right")
    first = -(-(above - middle) // height)
    last = -(-(below - middle) // height)
    # The image may end above the middle of its last row.
    last[below == len(depths)] = level_rows(len(depths), view.level)
    return np.maximum(first, 0), last


def block_moments(values: Values, origin: float) -> Moments:
    """Running count, sum and sum of squares of what is not null in a block's rows, less `origin`.

    values: float32 (BLOCK_ROWS, w), NaN where null. float64 (3, BLOCK_ROWS + 1), from 0 before the first row.
    """
    null = np.isnan(values)
    deviations = np.subtract(values, origin, dtype=np.float64)
    deviations[null] = 0.0
    moments = np.zeros((3, len(values) + 1))
    moments[0, 1:] = values.shape[1] - np.count_nonzero(null, axis=1)
    moments[1, 1:] = deviations.sum(axis=1)
    np.square(deviations, out=deviations)
    moments[2, 1:] = deviations.sum(axis=1)
    return moments.cumsum(axis=1)


def window_moments(moments_of: Callable[[int], Moments], first: RowNumbers, last: RowNumbers) -> Moments:
    """Count, sum and sum of squares in each window: float64 (3, n).

    moments_of: the `block_moments` of a block, by its number. first, last: int64 (n,), ascending, first < last.
    A window is added up in the same order whatever rows are asked for together with it, so that a depth has the
    very same colour in every picture.
    """
    top, bottom = first // BLOCK_ROWS, (last - 1) // BLOCK_ROWS
    lowest = int(top[0])
    running = np.stack([moments_of(block) for block in range(lowest, int(bottom[-1]) + 1)])
    totals = running[:, :, -1]
    above = running[top - lowest, :, first - top * BLOCK_ROWS]
    below = running[bottom - lowest, :, last - bottom * BLOCK_ROWS]
    sums = np.where((top == bottom)[:, np.newaxis], below - above, totals[top - lowest] - above + below)
    changes = np.flatnonzero((np.diff(top) != 0) | (np.diff(bottom) != 0)) + 1
    for begin, end in zip([0, *changes.tolist()], [*changes.tolist(), len(first)], strict=True):
        between = totals[top[begin] - lowest + 1 : bottom[begin] - lowest]
        if len(between):
            sums[begin:end] += between.sum(axis=0)
    return np.ascontiguousarray(sums.T)


def normalised(values: Values, moments: Moments, origin: float) -> Values:
    """Each row on its window's scale: -1 at mean - 2 standard deviations, 1 at mean + 2; 0 in a constant window.

    values: float32 (n, w), NaN where null. moments: `window_moments` (3, n) for the same origin. float32 (n, w).
    """
    counts, sums, squares = moments
    some = counts > 0
    means = np.divide(sums, counts, out=np.zeros_like(sums), where=some)
    squares = np.divide(squares, counts, out=np.zeros_like(sums), where=some)
    deviations = np.sqrt(np.maximum(squares - means * means, 0))
    sizes = np.maximum(np.sqrt(squares), np.abs(means + origin))
    varied = deviations > CONSTANT * sizes
    gains = np.divide(1, DEVIATIONS * deviations, out=np.zeros_like(sums), where=varied)
    scaled = np.subtract(values, (means + origin)[:, np.newaxis], dtype=np.float64)
    scaled *= gains[:, np.newaxis]
    rescaled: Values = scaled.astype(np.float32)
    return rescaled


def on_window_scale(style: Style, display_low: float, display_high: float) -> Style:
    """The style that draws `normalised` values: the image's display range, of values, becomes -1 to 1."""
    middle, half = (display_low + display_high) / 2, (display_high - display_low) / 2
    return replace(style, low=(style.low - middle) / half, high=(style.high - middle) / half)
