"""From which depth to which a row reaches, at every level, and where a gap in depth breaks it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from app.rendering.depth_range import TOLERANCE_IN_STEPS
from app.rendering.view import View
from app.storage.overviews import ROWS_PER_OVERVIEW_ROW

Depths = npt.NDArray[np.float64]

STEPS_TO_A_GAP = 3
"""Neighbouring rows further apart than this many median steps have a gap between them."""


class RowExtents(NamedTuple):
    """The rows of a view: the depths of the first and the last image row in each, both float64 (n,).

    A row with a gap inside ends where the first gap begins. What lies below it are stretches of their own, (m,)
    each: the number of the level's row they are part of, and their first and last depth.
    """

    top: Depths
    bottom: Depths
    continued_row: npt.NDArray[np.int64]
    continued_top: Depths
    continued_bottom: Depths


def gap_limit(step: float) -> float:
    """What neighbouring rows may be apart without a gap between them. step: the image's median step."""
    return step * (STEPS_TO_A_GAP + TOLERANCE_IN_STEPS)


def rows_before_gaps(depths: Depths, step: float) -> npt.NDArray[np.int64]:
    """int64, ascending: numbers of the rows that a gap follows. depths: float64. step: the image's median step."""
    return np.flatnonzero(np.diff(depths) > gap_limit(step))


def row_extents(depths: Depths, view: View, step: float) -> RowExtents:
    """depths: float64, of all the image's rows, ascending. step: the image's median step."""
    covered = depths[view.rows.start : view.rows.stop]
    row_height = ROWS_PER_OVERVIEW_ROW**view.level
    starts = np.arange(0, len(covered), row_height)
    ends = np.append(starts[1:], len(covered)) - 1

    before_gap = rows_before_gaps(covered, step)
    broken = before_gap // row_height
    inside = broken == (before_gap + 1) // row_height
    before_gap, broken = before_gap[inside], broken[inside]

    # Each stretch below a gap reaches to the row's next gap, or to the row's end.
    is_last = np.append(broken[1:] != broken[:-1], True)[: len(broken)]
    stretch_ends = np.where(is_last, ends[broken], np.append(before_gap[1:], 0)[: len(before_gap)])
    is_first = np.insert(broken[1:] != broken[:-1], 0, True)[: len(broken)]
    ends[broken[is_first]] = before_gap[is_first]
    return RowExtents(
        top=covered[starts],
        bottom=covered[ends],
        continued_row=broken + view.start,
        continued_top=covered[before_gap + 1],
        continued_bottom=covered[stretch_ends],
    )
