"""An image whose pixels stand one below the other: a depth and a value in each line, the depth repeated."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from app.errors import FileError, Reason
from app.ingestion.readers.chunking import at_most
from app.ingestion.readers.csv_source import CsvSource
from app.ingestion.readers.source import Chunk
from app.ingestion.readers.width import WIDEST, check_width
from app.settings import Settings


class LongCsvSource:
    """A `Source` of a CSV file with one column beside the depth. How often the first depth stands is its width.

    Raises FileError (wrong_width) if the first depth does not repeat, or not as often as it should.
    """

    row_word: Literal["line", "row"] = "line"

    def __init__(self, path: Path, settings: Settings) -> None:
        self._values = CsvSource(path, settings)
        self.depth_name = self._values.depth_name
        self.depth_unit = self._values.depth_unit
        self.width = self._first_run()
        one = "The header has 1 column beside the depth, and the first depth stands in one line alone"
        several = f"The first depth stands in {min(self.width, WIDEST + 1)} lines, one for each pixel"
        check_width(self.width, settings.source_width, one if self.width == 1 else several)

    @property
    def dropped_rows(self) -> int:
        return -(-self._values.dropped_rows // self.width)

    @property
    def integers8(self) -> bool:
        return self._values.integers8

    def chunks(self, rows: int = 8192) -> Iterator[Chunk]:
        """Raises FileError for the first line at fault, also where a depth stands in more lines than the first."""
        held = Chunk(np.empty(0), np.empty((0, 1)), np.empty(0, dtype=np.int64))
        for chunk in self._values.chunks(rows * self.width):
            held = _joined(held, chunk)
            whole = int(_run_starts(held.depths)[-1])  # the last depth may go on in the next chunk
            if whole:
                yield from at_most(rows, self._rows(_part(held, 0, whole)))
            held = _part(held, whole, None)
            if len(held.depths) > self.width:
                raise self._uneven(held, len(held.depths))
        yield self._rows(held)

    def _rows(self, values: Chunk) -> Chunk:
        starts = _run_starts(values.depths)
        counts = np.diff([*starts, len(values.depths)])
        wrong = np.flatnonzero(counts != self.width)
        if len(wrong):
            first = int(starts[wrong[0]])
            raise self._uneven(_part(values, first, None), int(counts[wrong[0]]))
        return Chunk(values.depths[starts], values.pixels.reshape(-1, self.width), values.lines[starts])

    def _uneven(self, run: Chunk, count: int) -> FileError:
        line, depth = int(run.lines[0]), f"{run.depths[0]:.10g}"
        return FileError(
            Reason.RAGGED_ROW,
            f"Line {line}: the depth {depth} stands in {count} lines from there, where the first depth stands in"
            f" {self.width}.",
            row=line,
            column=self.depth_name,
            value=depth,
        )

    def _first_run(self) -> int:
        """In how many lines the first depth stands; not counted beyond what no image is wide."""
        count = 0
        first: float | None = None
        for chunk in self._values.chunks():
            first = float(chunk.depths[0]) if first is None else first
            others = np.flatnonzero(chunk.depths != first)
            count += int(others[0]) if len(others) else len(chunk.depths)
            if len(others) or count > WIDEST:
                break
        return count


def _run_starts(depths: npt.NDArray[np.float64]) -> npt.NDArray[np.intp]:
    """Where another depth begins than that before: the first is 0."""
    return np.flatnonzero(np.concatenate([[True], depths[1:] != depths[:-1]]))


def _joined(one: Chunk, other: Chunk) -> Chunk:
    return Chunk(
        np.concatenate([one.depths, other.depths]),
        np.concatenate([one.pixels, other.pixels]),
        np.concatenate([one.lines, other.lines]),
    )


def _part(chunk: Chunk, start: int, stop: int | None) -> Chunk:
    part = slice(start, stop)
    return Chunk(chunk.depths[part], chunk.pixels[part], chunk.lines[part])
