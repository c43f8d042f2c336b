"""From a source to a stored image: check, resample, round, write, and sum up, one chunk at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from app.errors import FileError, Reason
from app.ingestion.depths import DepthOrder
from app.ingestion.readers import Chunk, Source
from app.ingestion.resampling import Resampler
from app.ingestion.row_groups import RowBlock, RowGroup, ascending_groups, descending_groups
from app.ingestion.statistics import ImageStatistics
from app.settings import Settings
from app.storage.arrays import WIDTH
from app.storage.arrays.writing import ImageWriter
from app.storage.overviews import FACTOR, LevelSums, level_count, means, reduce_rows, reduce_sums
from app.storage.rounding import round_mantissa

LEVELS_PER_GROUP = 3
"""Overview levels that a row group makes of itself; those above are made of all groups' third."""

LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class StoredImage:
    """What is known of an image once all its rows are written. Depths are in the file's own unit."""

    image_id: int
    rows: int
    source_width: int
    levels: int
    dropped_rows: int
    depth_min: float
    depth_max: float
    depth_unit: str | None
    step: float
    descending: bool
    display_range: tuple[float, float]
    statistics: dict[str, Any]


def store_image(
    open_source: Callable[[], Source],
    begin: Callable[[], ImageWriter],
    settings: Settings,
    progress: Callable[[int], None],
) -> StoredImage:
    """Write one image's rows, depths and overviews.

    open_source: opens the file at its start; called twice where depths descend, since only the row count tells
    where the first row goes. begin: allots the image, called when the first rows are ready to be written, so that
    a file that fails its checks early takes no image id. progress: told how many rows are done.

    Raises FileError for what is wrong with the file, StorageUnavailable for what is not.
    """
    source = open_source()
    intake = _Intake(source, settings)
    blocks = intake.blocks(progress)
    first = [next(blocks)]
    while intake.order.descending is None and (block := next(blocks, None)):
        first.append(block)
    blocks = chain(first, blocks)
    if intake.order.descending:
        rows = _count_rows(open_source(), lambda: progress(0))
        groups = descending_groups(blocks, rows)
    else:
        groups = ascending_groups(blocks)
    pyramid = _Pyramid(begin, rounded=settings.rounding == "mantissa13")
    for group in groups:
        pyramid.add(group)
    writer, depths = pyramid.finish()
    summary = intake.statistics.summary(eight_bit=source.integers8)
    figures = asdict(summary)
    low, high = figures.pop("display_range")
    return StoredImage(
        image_id=writer.image_id,
        rows=len(depths),
        source_width=source.width,
        levels=level_count(len(depths)),
        dropped_rows=source.dropped_rows,
        depth_min=float(depths[0]),
        depth_max=float(depths[-1]),
        depth_unit=source.depth_unit or settings.depth_unit,
        step=_median_step(depths),
        descending=bool(intake.order.descending),
        display_range=(low, high),
        statistics=figures,
    )


class _Intake:
    """Chunks of the file as rows to store, checked and summed up on the way."""

    def __init__(self, source: Source, settings: Settings) -> None:
        self.source = source
        self.order = DepthOrder(source.depth_name)
        self.statistics = ImageStatistics()
        self.rounded = settings.rounding == "mantissa13"
        self.resample = Resampler(source.width, WIDTH, settings.resize_mode)

    def blocks(self, progress: Callable[[int], None]) -> Iterator[RowBlock]:
        done = 0
        for chunk in self.source.chunks():
            self.order.check(chunk)
            values = self._stored_values(chunk)
            self.statistics.add(chunk.pixels, values)
            done += len(chunk.depths)
            yield RowBlock(chunk.depths, values)
            progress(done)

    def _stored_values(self, chunk: Chunk) -> npt.NDArray[np.float32]:
        with np.errstate(over="ignore", invalid="ignore"):
            values = self.resample(chunk.pixels).astype(np.float32)
        too_large = np.isinf(values).any(axis=1)
        if _largest(chunk.pixels) > LARGEST:
            too_large |= (np.abs(chunk.pixels) > LARGEST).any(axis=1)
        if too_large.any():
            raise _too_large(chunk, int(too_large.argmax()))
        return round_mantissa(values) if self.rounded else values


@dataclass
class _Pyramid:
    """Writes row groups and the overview levels above them."""

    begin: Callable[[], ImageWriter]
    rounded: bool
    writer: ImageWriter | None = None
    depths: list[tuple[int, npt.NDArray[np.float64]]] = field(default_factory=list)
    tops: list[tuple[int, LevelSums]] = field(default_factory=list)

    def add(self, group: RowGroup) -> None:
        self.writer = self.writer or self.begin()
        self.writer.write_rows(0, group.start, group.values)
        self.writer.write_depths(group.start, group.depths)
        self.depths.append((group.start, group.depths.copy()))
        wanted = min(LEVELS_PER_GROUP, level_count(group.stop))
        if not wanted:
            return
        sums = reduce_rows(group.values)
        self._write_level(1, group.start // FACTOR, sums)
        for level in range(2, wanted + 1):
            sums = reduce_sums(*sums)
            self._write_level(level, group.start // FACTOR**level, sums)
        self.tops.append((group.start, sums))

    def finish(self) -> tuple[ImageWriter, npt.NDArray[np.float64]]:
        """Write the upper levels; the writer, and all depths, ascending."""
        assert self.writer is not None, "an image has at least one row group"
        depths = np.concatenate([part for _, part in sorted(self.depths, key=_start)])
        upper_levels = range(LEVELS_PER_GROUP + 1, level_count(len(depths)) + 1)
        if upper_levels:
            tops = [sums for _, sums in sorted(self.tops, key=_start)]
            sums = LevelSums(*(np.concatenate(parts) for parts in zip(*tops, strict=True)))
            for level in upper_levels:
                sums = reduce_sums(*sums)
                self._write_level(level, 0, sums)
        return self.writer, depths

    def _write_level(self, level: int, start: int, sums: LevelSums) -> None:
        assert self.writer is not None
        values = means(*sums)
        self.writer.write_rows(level, start, round_mantissa(values) if self.rounded else values)


def _largest(pixels: npt.NDArray[np.float64]) -> float:
    """The largest magnitude; NaN where all are null."""
    return float(max(np.fmax.reduce(pixels, axis=None), -np.fmin.reduce(pixels, axis=None)))


def _too_large(chunk: Chunk, at: int) -> FileError:
    row, value = int(chunk.lines[at]), f"{_largest(chunk.pixels[at]):g}"
    return FileError(
        Reason.INFINITE_VALUE,
        f"Line {row} holds {value}, too large for an image of float32 (3.4e38). Leave the cell empty for a null.",
        row=row,
        value=value,
    )


def _count_rows(source: Source, alive: Callable[[], None]) -> int:
    """`alive` is called after each chunk: the count of a long file must not look like a standstill."""
    rows = 0
    for chunk in source.chunks():
        rows += len(chunk.depths)
        alive()
    return rows


def _median_step(depths: npt.NDArray[np.float64]) -> float:
    """Median distance of neighbouring rows, without the digits that subtraction leaves behind; 0 for one row."""
    return float(f"{np.median(np.diff(depths)):.9g}") if len(depths) > 1 else 0.0


def _start(part: tuple[int, Any]) -> int:
    return part[0]
