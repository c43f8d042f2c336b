"""An image from its first row to its last, past all caches and in little memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from app.storage.arrays.handles import Handles
from app.storage.arrays.layout import Layout
from app.storage.arrays.reading import Depths, Rows

PIECE_ROWS = 16_384
"""A multiple of what makes one row of any overview level up to the seventh (4**7)."""


class Scanner:
    def __init__(self, layout: Layout[Path]) -> None:
        self.layout = layout
        self._handles = Handles(kept=0)

    def extent(self, image_id: int, level: int | None) -> int:
        """Rows from the first to the last that was ever written, of a level or (None) of the depths; 0 if none.

        Raises StorageUnavailable.
        """
        array_path = self.layout.depth(image_id) if level is None else self.layout.level(image_id, level)
        with self._handles.open(array_path, image_id) as array:
            written = array.nonempty_domain()
        return int(written[1][1]) + 1 if written is not None else 0

    def rows(self, image_id: int, level: int, rows: int) -> Iterator[Rows]:
        """The `rows` rows of a level: float32 (up to 16,384, width), NaN where null. Raises StorageUnavailable."""
        with self._handles.open(self.layout.level(image_id, level), image_id) as array:
            for start in range(0, rows, PIECE_ROWS):
                values: Rows = array[image_id, start : min(start + PIECE_ROWS, rows), :]["value"]
                yield values.reshape(-1, values.shape[-1])

    def depths(self, image_id: int, rows: int) -> Iterator[Depths]:
        """float64 (up to 16,384,), NaN where there is none. Raises StorageUnavailable."""
        with self._handles.open(self.layout.depth(image_id), image_id) as array:
            for start in range(0, rows, PIECE_ROWS):
                depths: Depths = array[image_id, start : min(start + PIECE_ROWS, rows)]["depth"]
                yield depths.reshape(-1)
