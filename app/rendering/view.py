"""Which stored rows show a range of rows at a given picture height."""

from __future__ import annotations

from typing import NamedTuple

from app.rendering.depth_range import RowRange
from app.rendering.resizing import ROWS_PER_OVERVIEW_ROW, level_for


class View(NamedTuple):
    """Rows `start` to `stop` (exclusive) of overview level `level`; `rows` are the image's own rows they cover."""

    level: int
    start: int
    stop: int
    rows: RowRange


def choose_view(wanted: RowRange, height: int | None, overview_levels: int, image_rows: int) -> View:
    """The coarsest level that still has `height` rows for the range; the image itself where no height is asked."""
    count = wanted.stop - wanted.start
    level = 0 if height is None else level_for(count, height, overview_levels + 1)
    step = ROWS_PER_OVERVIEW_ROW**level
    start, stop = wanted.start // step, -(-wanted.stop // step)
    return View(level, start, stop, RowRange(start * step, min(stop * step, image_rows)))
