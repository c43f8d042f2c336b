"""The head of a CSV file: column names, the depth's unit, and where the rows begin."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import BinaryIO, NamedTuple

from app.errors import FileError, Reason
from app.ingestion.readers.csv_blocks import LONGEST_LINE
from app.ingestion.readers.csv_columns import holds_numbers, names_a_depth, read_columns
from app.ingestion.readers.csv_layout import BLANKS, CsvLayout
from app.ingestion.readers.csv_styles import decimal_mark
from app.ingestion.readers.csv_units import Units, units_in
from app.ingestion.readers.depth_column import unit_in_name
from app.ingestion.readers.described import depth_unit_in, pairs_in
from app.settings import Settings

LONGEST_HEADER = 1024 * 1024
"""Bytes; the names of some 100,000 columns."""

NO_ROWS = "The file has a header and no rows below it."

_CONTROLS = frozenset(map(chr, [*range(32), *range(127, 160)])) - {"\t", "\v", "\f"}


@dataclass(frozen=True)
class CsvHeader:
    """What stands above the rows.

    unit: of the pixels. comments: the lines that begin with #, without it.
    offset, line: where the first row begins, in bytes and as the line's number. row_bytes: how long it is.
    """

    layout: CsvLayout
    depth_unit: str | None
    unit: str | None
    comments: tuple[str, ...]
    offset: int
    line: int
    row_bytes: int

    @property
    def one_value_a_line(self) -> bool:
        """Whether the pixels of a row stand one below the other."""
        return len(self.layout.pixels) == 1


def read_header(file: BinaryIO, settings: Settings) -> CsvHeader:
    """Read and check the head of a file that is opened at its start. Raises FileError."""
    lines = _FilledLines(file)
    comments, first = _comments(lines)
    if first is None:
        if comments:
            raise FileError(Reason.NO_HEADER, "The file holds comments and nothing else.")
        raise FileError(Reason.EMPTY_FILE, "The file is empty.")
    row: bytes | None
    if comments and holds_numbers(first) and names_a_depth(comments[-1].text):  # as numpy.savetxt writes it
        names = comments.pop()
        layout = read_columns(names.text, names.line, settings)
        row = first.encode()
    else:
        layout = read_columns(first, lines.line, settings)
        row = lines.next(LONGEST_LINE)
    said = depth_unit_in(pairs_in(comment.text for comment in comments))
    units = Units(unit_in_name(layout.names[layout.depth]) or said, None)
    if row is not None and (below := units_in(row, lines.line, layout)):
        units, row = below, lines.next(LONGEST_LINE)
    if row is None:
        raise FileError(Reason.NO_ROWS, NO_ROWS)
    layout = replace(layout, decimal=decimal_mark(file, lines.offset, layout))
    return CsvHeader(
        layout,
        units.depth,
        units.pixels,
        tuple(comment.text for comment in comments),
        offset=lines.offset,
        line=lines.line,
        row_bytes=len(row),
    )


class _Comment(NamedTuple):
    line: int
    text: str


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


def _comments(lines: _FilledLines) -> tuple[list[_Comment], str | None]:
    """The lines that begin with #, without it, and the first that does not; None where there is none."""
    comments: list[_Comment] = []
    size = 0
    while (content := lines.next(LONGEST_HEADER)) is not None:
        text = _decoded(content)
        size += len(content)
        if size > LONGEST_HEADER:
            what = "the comments above the column names" if comments else "a line of column names"
            raise FileError(
                Reason.NO_HEADER,
                f"Line {lines.line}: more than {LONGEST_HEADER >> 20} MiB are too long for {what}.",
                row=lines.line,
            )
        if not text.lstrip(BLANKS).startswith("#"):
            _check_text(text, lines.line)
            return comments, text
        comments.append(_Comment(lines.line, text.lstrip(BLANKS).lstrip("#").strip(BLANKS)))
    return comments, None


def _decoded(content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    return text.rstrip("\r\n")


def _check_text(text: str, line: int) -> None:
    if controls := _CONTROLS.intersection(text):
        raise FileError(
            Reason.NOT_TEXT,
            f"Line {line} holds the byte 0x{ord(min(controls)):02x}: this is not a CSV file in UTF-8. Lines must"
            " end in LF or CRLF.",
            row=line,
        )
