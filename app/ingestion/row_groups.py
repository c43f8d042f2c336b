"""Rows in the order they are stored, cut into the groups that become fragments.

A group is a multiple of 16,384 = 4⁷ rows long, except at the image's end: overview levels up to the seventh never
reach across a border, and a fragment fills whole tiles.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

GROUP_ROWS = 131_072


@dataclass(frozen=True)
class RowBlock:
    """Rows as they come out of a file: depths float64 (n,), values float32 (n, width)."""

    depths: npt.NDArray[np.float64]
    values: npt.NDArray[np.float32]


@dataclass(frozen=True)
class RowGroup:
    """Rows `start` … of the image, ascending in depth: depths float64 (n,), values float32 (n, width)."""

    start: int
    depths: npt.NDArray[np.float64]
    values: npt.NDArray[np.float32]

    @property
    def stop(self) -> int:
        return self.start + len(self.depths)


def ascending_groups(blocks: Iterable[RowBlock], group_rows: int = GROUP_ROWS) -> Iterator[RowGroup]:
    """Groups of a file that is read downwards. A group is valid until the next is asked for."""
    buffer = _Buffer(group_rows)
    start = filled = 0
    for block in blocks:
        taken = 0
        while taken < len(block.depths):
            count = min(group_rows - filled, len(block.depths) - taken)
            buffer.put(filled, block, taken, count)
            filled, taken = filled + count, taken + count
            if filled == group_rows:
                yield buffer.group(start, 0, filled)
                start, filled = start + filled, 0
    if filled:
        yield buffer.group(start, 0, filled)


def descending_groups(
    blocks: Iterable[RowBlock], rows: int, group_rows: int = GROUP_ROWS
) -> Iterator[RowGroup]:
    """Groups of a file of `rows` rows that is read upwards: its row k is row `rows` − 1 − k of the image."""
    buffer = _Buffer(group_rows)
    stop = rows  # one past the next row to place
    start = (rows - 1) // group_rows * group_rows
    end = rows
    for block in blocks:
        upwards = RowBlock(block.depths[::-1], block.values[::-1])
        left = len(block.depths)
        while left:
            count = min(stop - start, left)
            buffer.put(stop - start - count, upwards, left - count, count)
            stop, left = stop - count, left - count
            if stop == start:
                yield buffer.group(start, 0, end - start)
                end, start = start, start - group_rows


class _Buffer:
    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.depths = np.empty(0)
        self.values = np.empty((0, 0), dtype=np.float32)

    def put(self, at: int, block: RowBlock, first: int, count: int) -> None:
        if not len(self.depths):
            self.depths = np.empty(self.rows)
            self.values = np.empty((self.rows, block.values.shape[1]), dtype=np.float32)
        self.depths[at : at + count] = block.depths[first : first + count]
        self.values[at : at + count] = block.values[first : first + count]

    def group(self, start: int, first: int, stop: int) -> RowGroup:
        return RowGroup(start, self.depths[first:stop], self.values[first:stop])
