"""The rows of one channel of a DLIS file, some at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from app.errors import FileError, Reason
from app.ingestion.readers.chunking import at_most, trimmed
from app.ingestion.readers.csv_cells import shown
from app.ingestion.readers.depth_column import normalised_unit
from app.ingestion.readers.pixel_values import are_integers8, without_null_values
from app.ingestion.readers.source import Chunk

CHUNK_BYTES = 16 * 1024 * 1024
"""Of one channel, as float64."""

_LARGER_UNITS = {"0.1in": ("ft", 120.0), "in": ("ft", 12.0), "cm": ("m", 100.0), "mm": ("m", 1000.0)}
"""What tools count depth in, the unit people read it in, and how many of the first make one of the second."""

Values = npt.NDArray[Any]
Float64 = npt.NDArray[np.float64]


class FrameReader:
    """Reads rows of a frame whose first channel is the depth.

    dlisio's own `curves` reads a frame as a whole; here it is asked for some of the frame's records, and for the
    channels that are wanted alone. depth_unit: "m" or "ft" where the file's is known.
    """

    def __init__(self, logical_file: Any, frame: Any) -> None:
        self.file = logical_file
        self.channels = frame.channels
        self.records = logical_file.fdata_index[frame.fingerprint]
        self.said_unit = self.channels[0].units
        unit = normalised_unit(self.said_unit or "")
        self.depth_unit, self._divisor = _LARGER_UNITS.get(unit or "", (unit, 1.0))
        self._formats = [channel.fmtstr() for channel in self.channels]

    def depths(self, start: int, stop: int, null_values: frozenset[float]) -> Float64:
        """float64 (stop − start,), in `depth_unit`, NaN where null. Raises FileError."""
        raw = self._read(0, start, stop).reshape(stop - start)
        return without_null_values(_as_float64(raw), null_values) / self._divisor

    def pixels(self, channel: Any, start: int, stop: int, null_values: frozenset[float]) -> Float64:
        """float64 (stop − start, width), NaN where null. Raises FileError."""
        raw = self._read(self.channels.index(channel), start, stop).reshape(stop - start, -1)
        return without_null_values(_as_float64(raw), null_values)

    def _read(self, position: int, start: int, stop: int) -> Values:
        from dlisio import common, core

        # What is a little odd elsewhere in the file may be passed over; what is odd in these rows may not.
        handler = common.ErrorHandler(major=common.Actions.RAISE)
        dtype = np.dtype([("values", self.channels[position].dtype)])
        try:
            read: Values = core.read_fdata(
                "i" + "".join(self._formats[:position]),  # each row begins with its number
                self._formats[position],
                "".join(self._formats[position + 1 :]),
                self.file.file,
                self.records[start:stop],
                dtype.itemsize,
                lambda rows: np.empty(rows, dtype),
                handler,
            )
        except MemoryError:
            raise
        except Exception as error:  # dlisio raises many kinds; each speaks of the file
            name = self.channels[position].name
            raise FileError(
                Reason.DAMAGED,
                f"Rows {start + 1} to {stop} of channel {shown(name)} cannot be read:"
                f" {' '.join(str(error).split())[:500]}",
                row=start + 1,
                column=name,
            ) from error
        if len(read) != stop - start:
            raise FileError(
                Reason.DAMAGED,
                f"Between rows {start + 1} and {stop}, {stop - start} records hold {len(read)} rows.",
                row=start + 1,
            )
        return read["values"]


class DlisSource:
    """A `Source` of one channel of a frame."""

    row_word: Literal["line", "row"] = "row"

    def __init__(self, reader: FrameReader, channel: Any, null_values: frozenset[float]) -> None:
        self.reader = reader
        self.channel = channel
        self.width = int(np.prod(channel.dimension))
        self.depth_name = reader.channels[0].name
        self.depth_unit = reader.depth_unit
        self.null_values = null_values | {float(np.float32(value)) for value in null_values}
        self.dropped_rows = 0
        self.integers8 = True

    def chunks(self, rows: int = 8192) -> Iterator[Chunk]:
        """From the first row that has a pixel to the last. Memory: one chunk. Raises FileError."""
        self.dropped_rows = 0
        self.integers8 = True
        any_depth = False
        for chunk in trimmed(self._all_chunks(rows)):
            any_depth = True
            self.integers8 &= are_integers8(chunk.pixels)
            yield from at_most(rows, chunk)
        if not any_depth:
            raise FileError(
                Reason.DEPTH_MISSING,
                f"None of the {self.dropped_rows} rows has a depth in channel {shown(self.depth_name)}.",
                column=self.depth_name,
            )

    def _all_chunks(self, rows: int) -> Iterator[Chunk]:
        total = len(self.reader.records)
        step = max(1, min(rows, CHUNK_BYTES // (8 * self.width)))
        for start in range(0, total, step):
            stop = min(start + step, total)
            depths = self.reader.depths(start, stop, self.null_values)
            has_depth = ~np.isnan(depths)
            self.dropped_rows += int(has_depth.size - has_depth.sum())
            if not has_depth.any():
                continue
            pixels = self.reader.pixels(self.channel, start, stop, self.null_values)[has_depth]
            lines = np.arange(start + 1, stop + 1)[has_depth]
            self._check_finite(pixels, lines)
            yield Chunk(depths[has_depth], pixels, lines)

    def _check_finite(self, pixels: Float64, lines: npt.NDArray[np.int64]) -> None:
        infinite = np.isinf(pixels).any(axis=1)
        if infinite.any():
            row = int(lines[infinite.argmax()])
            raise FileError(
                Reason.INFINITE_VALUE,
                f"Row {row} of channel {shown(self.channel.name)} holds an infinite value.",
                row=row,
                column=self.channel.name,
            )


def _as_float64(values: Values) -> Float64:
    with np.errstate(invalid="ignore"):  # a damaged file may hold NaNs that signal
        return values.astype(np.float64)
