"""An image that a binary file holds as arrays: depths, and pixels in rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

import numpy as np
import numpy.typing as npt

from app.errors import FileError, Reason
from app.ingestion.readers.chunking import at_most
from app.ingestion.readers.csv_cells import shown
from app.ingestion.readers.pixel_values import are_integers8, without_null_values
from app.ingestion.readers.source import Chunk

Float64 = npt.NDArray[np.float64]
Block = tuple[Float64, Float64]
"""Consecutive rows: depths (n,) and pixels (n, width), NaN where the file has nulls of its own."""

MOST_VALUES = 1 << 22
"""Of one block: 32 MiB."""


def as_float64(numbers: npt.ArrayLike) -> Float64:
    with np.errstate(invalid="ignore"):  # some bits of a NaN are to signal it
        return np.asarray(numbers, dtype=np.float64)


def rows_at_once(rows: int, width: int) -> int:
    """As many rows as a block may have, at most `rows`."""
    return max(1, min(rows, MOST_VALUES // max(1, width)))


class ArraySource:
    """A `Source` of what `blocks` gives: from the first row each time, in blocks of as many rows as it is told."""

    row_word: Literal["line", "row"] = "row"

    def __init__(
        self,
        blocks: Callable[[int], Iterator[Block]],
        *,
        width: int,
        depth_name: str,
        depth_unit: str | None,
        null_values: tuple[float, ...],
    ) -> None:
        self.blocks = blocks
        self.width = width
        self.depth_name = depth_name
        self.depth_unit = depth_unit
        self.null_values = null_values
        self.dropped_rows = 0
        self.integers8 = True

    def chunks(self, rows: int = 8192) -> Iterator[Chunk]:
        """Raises FileError, also where there is no row, or none with a depth."""
        self.dropped_rows = 0
        self.integers8 = True
        first = 1
        for depths, pixels in self.blocks(rows_at_once(rows, self.width)):
            lines = np.arange(first, first + len(depths), dtype=np.int64)
            first += len(depths)
            depths = without_null_values(depths, self.null_values)
            has_depth = ~np.isnan(depths)
            kept = without_null_values(pixels[has_depth], self.null_values)
            self.dropped_rows += int(has_depth.size - has_depth.sum())
            self.integers8 &= are_integers8(kept)
            yield from at_most(rows, Chunk(depths[has_depth], kept, lines[has_depth]))
        if first == 1:
            raise FileError(Reason.NO_ROWS, "The file holds no rows.")
        if self.dropped_rows == first - 1:
            raise FileError(
                Reason.DEPTH_MISSING,
                f"None of the {self.dropped_rows} rows has a depth in {shown(self.depth_name)}.",
                column=self.depth_name,
            )
