"""Which stored rows show a range of rows at a given picture height, and which are a tile."""

from __future__ import annotations

from typing import NamedTuple

from app.rendering.depth_range import RowRange
from app.rendering.resizing import level_for
from app.storage.arrays.reading import BLOCK_ROWS
from app.storage.overviews import ROWS_PER_OVERVIEW_ROW, level_rows

TILE_ROWS = BLOCK_ROWS
"""Rows of a level in one tile of a viewer: as many as are read and kept together."""


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
    return view_of(level, wanted.start // step, -(-wanted.stop // step), image_rows)


def view_of(level: int, start: int, stop: int, image_rows: int) -> View:
    """Rows of a level, with the image's rows that they cover. start < stop ≤ the level's rows."""
    step = ROWS_PER_OVERVIEW_ROW**level
    return View(level, start, stop, RowRange(start * step, min(stop * step, image_rows)))


def tile_count(level: int, image_rows: int) -> int:
    return -(-level_rows(image_rows, level) // TILE_ROWS)


def tile_view(level: int, index: int, image_rows: int) -> View:
    """Tile `index` of a level: TILE_ROWS of its rows, the last tile what is left. index < tile_count."""
    start = index * TILE_ROWS
    return view_of(level, start, min(start + TILE_ROWS, level_rows(image_rows, level)), image_rows)
