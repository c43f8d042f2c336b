"""Reading rows and depths of stored images, through a cache of decoded blocks."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import numpy.typing as npt

from app.storage.arrays.block_cache import Block, BlockCache
from app.storage.arrays.layout import DEPTH, level_name
from app.storage.arrays.store import ArrayStore

BLOCK_ROWS = 512

Rows = npt.NDArray[np.float32]
Depths = npt.NDArray[np.float64]


class RowReader:
    """Rows of any image, level and range. Safe to share between threads.

    Who calls knows from the catalog that the image exists and how many rows it has: what is not there reads
    as null.
    """

    def __init__(self, store: ArrayStore, cache_bytes: int) -> None:
        self.cache = BlockCache(cache_bytes)
        self._reads = store.reads()

    def rows(self, image_id: int, level: int, start: int, stop: int) -> Rows:
        """values: float32 (stop − start, width), NaN where null. Raises StorageUnavailable."""
        numbers = _blocks(start, stop)
        if len(numbers) > 1:
            self._reads.prefetch(
                image_id, level_name(level), numbers.start * BLOCK_ROWS, numbers.stop * BLOCK_ROWS
            )
        blocks = [
            self.cache.get((image_id, level, block), partial(self._load_block, image_id, level, block))
            for block in numbers
        ]
        return _joined(blocks, start, stop)

    def rows_in_memory(self, image_id: int, level: int, start: int, stop: int) -> Rows | None:
        """The same if every block of it is in memory, else None: never waits."""
        blocks = []
        for block in _blocks(start, stop):
            found = self.cache.peek((image_id, level, block))
            if found is None:
                return None
            blocks.append(found)
        return _joined(blocks, start, stop)

    def rows_once(self, image_id: int, level: int, start: int, stop: int) -> Rows:
        """The same for who goes through many rows: what is not in memory is read, and not kept."""
        values = self.rows_in_memory(image_id, level, start, stop)
        return values if values is not None else self._load(image_id, level, start, stop)

    def of_block(
        self, image_id: int, level: int, block: int, name: str, compute: Callable[[Rows], Block]
    ) -> Block:
        """What `compute` makes of a block's rows, float32 (BLOCK_ROWS, width), kept under `name` as blocks are.

        Rows below the image's last are null. Raises StorageUnavailable.
        """
        first = block * BLOCK_ROWS
        return self.cache.get(
            (image_id, level, block, name),
            lambda: compute(self.rows(image_id, level, first, first + BLOCK_ROWS)),
        )

    def of_depths(self, image_id: int, name: str, compute: Callable[[], Block]) -> Block:
        """What `compute` makes of an image's depths, kept under `name` as they are."""
        return self.cache.get((image_id, "depth", name), compute)

    def depths(self, image_id: int, rows: int) -> Depths:
        """depths: float64 (rows,), ascending, in the image's unit. Raises StorageUnavailable."""
        return self.cache.get((image_id, "depth"), partial(self._load_depths, image_id, rows))

    def depths_in_memory(self, image_id: int) -> Depths | None:
        return self.cache.peek((image_id, "depth"))

    def close(self) -> None:
        self._reads.close()

    def _load_block(self, image_id: int, level: int, block: int) -> Rows:
        return self._load(image_id, level, block * BLOCK_ROWS, (block + 1) * BLOCK_ROWS)

    def _load(self, image_id: int, level: int, start: int, stop: int) -> Rows:
        return self._reads.rows(image_id, level_name(level), start, stop)

    def _load_depths(self, image_id: int, rows: int) -> Depths:
        return self._reads.rows(image_id, DEPTH, 0, rows)


def _blocks(start: int, stop: int) -> range:
    return range(start // BLOCK_ROWS, (stop - 1) // BLOCK_ROWS + 1)


def _joined(blocks: list[Rows], start: int, stop: int) -> Rows:
    """The rows start … stop − 1 out of the blocks that hold them; a view where one block holds them all."""
    first = start // BLOCK_ROWS
    parts = [
        block[max(0, start - number * BLOCK_ROWS) : stop - number * BLOCK_ROWS]
        for number, block in enumerate(blocks, start=first)
    ]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
