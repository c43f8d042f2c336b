"""Rows on their way in: in order, resampled, rounded, and summed up."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from app.errors import FileError, Reason
from app.ingestion.depths import DepthOrder
from app.ingestion.readers import Chunk, Source
from app.ingestion.resampling import Resampler
from app.ingestion.row_groups import RowBlock
from app.ingestion.statistics import ImageStatistics
from app.ingestion.stored_image import Findings
from app.settings import Settings
from app.storage.rounding import round_mantissa

LARGEST = float(np.finfo(np.float32).max)


class Intake:
    """Chunks of the file as rows to store, checked and summed up on the way."""

    def __init__(self, source: Source, settings: Settings) -> None:
        self.source = source
        self.order = DepthOrder(source.depth_name, source.row_word)
        self.statistics = ImageStatistics()
        self.default_unit = settings.depth_unit
        self.rounded = settings.rounds_values
        self.resample = Resampler(source.width, settings.pixel_width, settings.resize_mode)

    def blocks(self, progress: Callable[[int], None] | None = None) -> Iterator[RowBlock]:
        """progress: told how many rows are done. Raises FileError."""
        done = 0
        for chunk in self.source.chunks():
            self.order.check(chunk)
            values = self._stored_values(chunk)
            self.statistics.add(chunk.pixels, values)
            done += len(chunk.depths)
            yield RowBlock(chunk.depths, values)
            if progress is not None:
                progress(done)

    def findings(self) -> Findings:
        """Once all blocks have been asked for."""
        return Findings(
            source_width=self.source.width,
            depth_unit=self.source.depth_unit or self.default_unit,
            descending=bool(self.order.descending),
            dropped_rows=self.source.dropped_rows,
            integers8=self.source.integers8,
            statistics=self.statistics,
        )

    def _stored_values(self, chunk: Chunk) -> npt.NDArray[np.float32]:
        with np.errstate(over="ignore", invalid="ignore"):
            values = self.resample(chunk.pixels).astype(np.float32)
        too_large = np.isinf(values).any(axis=1)
        if _largest(chunk.pixels) > LARGEST:
            too_large |= (np.abs(chunk.pixels) > LARGEST).any(axis=1)
        if too_large.any():
            raise _too_large(chunk, int(too_large.argmax()), self.source.row_word)
        return round_mantissa(values) if self.rounded else values


def _largest(pixels: npt.NDArray[np.float64]) -> float:
    """The largest magnitude; NaN where all are null."""
    return float(max(np.fmax.reduce(pixels, axis=None), -np.fmin.reduce(pixels, axis=None)))


def _too_large(chunk: Chunk, at: int, row_word: str) -> FileError:
    row, value = int(chunk.lines[at]), f"{_largest(chunk.pixels[at]):g}"
    return FileError(
        Reason.INFINITE_VALUE,
        f"{row_word.capitalize()} {row} holds {value}, too large for an image of float32 (3.4e38)."
        " Leave the cell empty for a null.",
        row=row,
        value=value,
    )
