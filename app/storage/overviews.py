"""Overview levels: a row of level k is the mean of the non-null values of 4**k rows, null if there are none.

Levels are built from sums and counts, never from means, so that every value weighs alike at every level. A row
group that starts at a multiple of 4**k gives the same level-k rows whether it is reduced alone or with its image;
the sums of several row groups are simply concatenated.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

__all__ = [
    "ROWS_PER_OVERVIEW_ROW",
    "LevelSums",
    "level_count",
    "level_rows",
    "means",
    "reduce_rows",
    "reduce_sums",
]

Number = TypeVar("Number", np.float64, np.int32, np.uint8)

ROWS_PER_OVERVIEW_ROW = 4
"""Each level has a quarter of the rows of the one before."""
TOP_LEVEL_ROWS = 1024

# Rows reduced at a time (a multiple of ROWS_PER_OVERVIEW_ROW): what a piece needs stays in the CPU's cache.
PIECE_ROWS = 1024


class LevelSums(NamedTuple):
    """One overview level in the making: sums float64 (rows, width), counts int32 (rows, width)."""

    sums: npt.NDArray[np.float64]
    counts: npt.NDArray[np.int32]


def level_count(rows: int) -> int:
    """How many overview levels an image of `rows` rows has: until one fits in 1,024 rows."""
    level = 0
    while level_rows(rows, level) > TOP_LEVEL_ROWS:
        level += 1
    return level


def level_rows(rows: int, level: int) -> int:
    """How many rows a level has; level 0 is the image itself."""
    rows_per_row: int = ROWS_PER_OVERVIEW_ROW**level
    return (rows + rows_per_row - 1) // rows_per_row


def reduce_rows(values: npt.NDArray[np.float32]) -> LevelSums:
    """Level 1 of an image's rows: float32 (n, width), NaN where null -> sums and counts (ceil(n / 4), width)."""
    rows, width = values.shape
    sums = np.empty((level_rows(rows, 1), width))
    counts = np.empty(sums.shape, dtype=np.int32)
    for start in range(0, rows, PIECE_ROWS):
        piece = values[start : start + PIECE_ROWS]
        here = slice(start // ROWS_PER_OVERVIEW_ROW, (start + PIECE_ROWS) // ROWS_PER_OVERVIEW_ROW)
        null = np.isnan(piece)
        if null.any():
            present = ~null
            sums[here] = _add_up(np.where(present, piece, np.float32(0)), np.float64)
            counts[here] = _add_up(present.view(np.uint8), np.uint8)
        else:
            sums[here] = _add_up(piece, np.float64)
            counts[here] = ROWS_PER_OVERVIEW_ROW
            if len(piece) % ROWS_PER_OVERVIEW_ROW:
                counts[here.start + len(piece) // ROWS_PER_OVERVIEW_ROW] = len(piece) % ROWS_PER_OVERVIEW_ROW
    return LevelSums(sums, counts)


def reduce_sums(sums: npt.NDArray[np.float64], counts: npt.NDArray[np.int32]) -> LevelSums:
    """The next level: sums and counts (n, width) -> (ceil(n / 4), width)."""
    return LevelSums(_add_up(sums, np.float64), _add_up(counts, np.int32))


def means(sums: npt.NDArray[np.float64], counts: npt.NDArray[np.int32]) -> npt.NDArray[np.float32]:
    """The rows of a level as they are stored: float32 (n, width), NaN where nothing was counted."""
    present = counts > 0
    averages = np.full(sums.shape, np.nan, dtype=np.float32)
    np.divide(sums, counts, out=averages, where=present, casting="same_kind")
    return averages


def _add_up(rows: npt.NDArray[Any], dtype: type[Number]) -> npt.NDArray[Number]:
    """The sums of each four rows, the last of what is left, in `dtype`."""
    added = rows[::ROWS_PER_OVERVIEW_ROW].astype(dtype)
    for offset in range(1, ROWS_PER_OVERVIEW_ROW):
        others = rows[offset::ROWS_PER_OVERVIEW_ROW]
        added[: len(others)] += others
    return added
