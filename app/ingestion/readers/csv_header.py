"""The head of a CSV file: column names, the depth's unit, and where the rows begin."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import BinaryIO

from app.errors import FileError, Reason
from app.ingestion.readers.csv_blocks import LONGEST_LINE
from app.ingestion.readers.csv_cells import is_number, split_cells
from app.ingestion.readers.csv_columns import read_columns
from app.ingestion.readers.csv_layout import BLANKS, CsvLayout
from app.ingestion.readers.depth_column import normalised_unit, unit_in_name
from app.settings import Settings

LONGEST_HEADER = 1024 * 1024
"""Bytes; the names of some 100,000 columns."""

NO_ROWS = "The file has a header and no rows below it."

_CONTROLS = frozenset(map(chr, [*range(32), *range(127, 160)])) - {"\t", "\v", "\f"}


@dataclass(frozen=True)
class CsvHeader:
    """What stands above the rows.

    offset, line: where the first row begins, in bytes and as the line's number. row_bytes: how long it is.
    """

    layout: CsvLayout
    depth_unit: str | None
    offset: int
    line: int
    row_bytes: int


def read_header(file: BinaryIO, settings: Settings) -> CsvHeader:
    """Read and check the head of a file that is opened at its start. Raises FileError."""
    lines = _FilledLines(file)
    first = lines.next(LONGEST_HEADER)
    if first is None:
        raise FileError(Reason.EMPTY_FILE, "The file is empty.")
    if not first.endswith(b"\n") and len(first) > LONGEST_HEADER:
        raise FileError(
            Reason.NO_HEADER,
            f"Line {lines.line} is longer than {LONGEST_HEADER >> 20} MiB, too long for a line of column names.",
            row=lines.line,
        )
    layout = read_columns(_decoded_header(first, lines.line), lines.line, settings)
    unit = unit_in_name(layout.names[layout.depth])
    row = lines.next(LONGEST_LINE)
    if row is not None and (said := _unit_of_units_row(row, layout)):
        unit, row = said, lines.next(LONGEST_LINE)
    if row is None:
        raise FileError(Reason.NO_ROWS, NO_ROWS)
    return CsvHeader(layout, unit, offset=lines.offset, line=lines.line, row_bytes=len(row))


class _FilledLines:
    """The lines of a file that are not blank. `line`, `offset`: number and first byte of the latest."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.line = 0
        self.offset = 0

    def next(self, limit: int) -> bytes | None:
        """The next such line, or the first `limit` + 1 bytes of it; None at the end of the file."""
        while True:
            self.offset = self.file.tell()
            content = self.file.readline(limit + 1)
            if not content:
                return None
            self.line += 1
            if content.removeprefix(b"\xef\xbb\xbf").strip(b" \r\n"):
                return content


def _decoded_header(content: bytes, line: int) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    text = text.rstrip("\r\n")
    if controls := _CONTROLS.intersection(text):
        raise FileError(
            Reason.NOT_TEXT,
            f"Line {line} holds the byte 0x{ord(min(controls)):02x}: this is not a CSV file in UTF-8. Lines must"
            " end in LF or CRLF.",
            row=line,
        )
    return text


def _unit_of_units_row(content: bytes, layout: CsvLayout) -> str | None:
    """The depth's unit, if the line is a row of units; None if it is a row of values, or anything else."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    try:
        cells = split_cells(text.rstrip("\r\n"), layout.delimiter)
    except csv.Error:
        return None
    if len(cells) != len(layout.names) or any(
        map(is_number, cells[: layout.depth] + cells[layout.depth + 1 :])
    ):
        return None
    return normalised_unit(cells[layout.depth].strip(BLANKS))
