"""Row groups and their overview levels into the arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.ingestion.row_groups import RowGroup
from app.storage.arrays.writing import ImageWriter
from app.storage.overviews import (
    ROWS_PER_OVERVIEW_ROW,
    LevelSums,
    level_count,
    means,
    reduce_rows,
    reduce_sums,
)
from app.storage.rounding import round_mantissa

LEVELS_PER_GROUP = 3
"""Overview levels that a row group makes of itself; those above are made of all groups' third."""


@dataclass(frozen=True)
class WrittenGroup:
    """What the image's end needs of a group: depths float64 (n,), and the sums of its highest level, if any."""

    start: int
    depths: npt.NDArray[np.float64]
    top: LevelSums | None


class GroupWriter:
    """Writes one image. Groups may come in any order, and from several processes."""

    def __init__(self, writer: ImageWriter, *, rounded: bool) -> None:
        self.writer = writer
        self.rounded = rounded

    def write(self, group: RowGroup, rows: int) -> WrittenGroup:
        """The group with its own overview levels. rows: those of the image, as far as they are known.

        Raises StorageUnavailable.
        """
        self.writer.write_rows(0, group.start, group.values)
        self.writer.write_depths(group.start, group.depths)
        top = None
        for level in range(1, min(LEVELS_PER_GROUP, level_count(rows)) + 1):
            top = reduce_rows(group.values) if top is None else reduce_sums(*top)
            self._write_level(level, group.start // ROWS_PER_OVERVIEW_ROW**level, top)
        return WrittenGroup(group.start, group.depths.copy(), top)

    def write_upper_levels(self, groups: Sequence[WrittenGroup]) -> npt.NDArray[np.float64]:
        """The levels above the groups' own, once all groups are written; the image's depths, float64 (rows,).

        Raises StorageUnavailable.
        """
        groups = sorted(groups, key=lambda group: group.start)
        depths = np.concatenate([group.depths for group in groups])
        upper_levels = range(LEVELS_PER_GROUP + 1, level_count(len(depths)) + 1)
        if upper_levels:
            tops = [group.top for group in groups if group.top is not None]
            sums = LevelSums(*(np.concatenate(parts) for parts in zip(*tops, strict=True)))
            for level in upper_levels:
                sums = reduce_sums(*sums)
                self._write_level(level, 0, sums)
        return depths

    def _write_level(self, level: int, start: int, sums: LevelSums) -> None:
        values = means(*sums)
        self.writer.write_rows(level, start, round_mantissa(values) if self.rounded else values)
