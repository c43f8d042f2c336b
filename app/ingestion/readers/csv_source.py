"""An image in a CSV file: a depth column, a column for each pixel, a line for each row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from app.errors import FileError, Reason
from app.ingestion.readers.chunking import at_most
from app.ingestion.readers.csv_blocks import LONGEST_LINE, line_blocks
from app.ingestion.readers.csv_cells import shown
from app.ingestion.readers.csv_header import NO_ROWS, CsvHeader, read_header
from app.ingestion.readers.csv_parsing import parse_block
from app.ingestion.readers.source import Chunk
from app.settings import Settings

SMALLEST_BLOCK = 64 * 1024


@dataclass(frozen=True)
class Lines:
    """Whole lines of a file: the bytes offset … stop − 1, of which the first is in line `line`."""

    offset: int
    stop: int
    line: int


class CsvSource:
    """A `Source` of a plain CSV file, or of some of its lines. Raises FileError if the header is at fault.

    header: the file's, where somebody has read it before; then nothing of the file is read but the lines `within`.
    """

    row_word: Literal["line", "row"] = "line"

    def __init__(
        self, path: Path, settings: Settings, within: Lines | None = None, header: CsvHeader | None = None
    ) -> None:
        self.header = header or _header_of(path, settings)
        self.path = path
        self.lines = within or Lines(self.header.offset, path.stat().st_size, self.header.line)
        self.width = len(self.header.layout.pixels)
        self.depth_name = self.header.layout.names[self.header.layout.depth]
        self.depth_unit = self.header.depth_unit
        self.dropped_rows = 0
        self.integers8 = True

    def chunks(self, rows: int = 8192) -> Iterator[Chunk]:
        """The rows from the first, at most `rows` at a time.

        Memory: some blocks of `rows` lines of text and values, never more than LONGEST_LINE bytes of text each.
        Raises FileError for the first line at fault, and at the end if there was no row, or none with a depth.
        """
        self.dropped_rows = 0
        self.integers8 = True
        any_depth = False
        layout = self.header.layout
        size = min(max(rows * self.header.row_bytes, SMALLEST_BLOCK), LONGEST_LINE)
        with self.path.open("rb") as file:
            file.seek(self.lines.offset)
            for block, line in line_blocks(file, self.lines.line, size, self.lines.stop):
                parsed = parse_block(block, line, layout)
                self.dropped_rows += parsed.dropped_rows
                self.integers8 &= parsed.integers8
                any_depth |= len(parsed.rows.depths) > 0
                yield from at_most(rows, parsed.rows)
        if not any_depth and not self.dropped_rows:
            raise FileError(Reason.NO_ROWS, NO_ROWS)
        if not any_depth:
            raise FileError(
                Reason.DEPTH_MISSING,
                f"None of the {self.dropped_rows} rows has a depth in column {shown(self.depth_name)}.",
                column=self.depth_name,
            )


def _header_of(path: Path, settings: Settings) -> CsvHeader:
    with path.open("rb") as file:
        return read_header(file, settings)
