"""The precise way to read lines: cell by cell, so that the one at fault can be named."""

from __future__ import annotations

import csv
import math
import re

import numpy as np
import numpy.typing as npt

from app.errors import FileError, Reason
from app.ingestion.readers.csv_blocks import LONGEST_LINE
from app.ingestion.readers.csv_layout import BLANK, BLANKS, NULL_WORDS, CsvLayout

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_INFINITE = re.compile(r"[+-]?inf(?:inity)?", re.IGNORECASE | re.ASCII)
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+", re.ASCII)
_BLANK_RUN = re.compile(r"[ \t]+")
_FORTRAN_EXPONENT = re.compile(r"(?<=[\d.])[dD](?=[+-]?\d)", re.ASCII)

csv.field_size_limit(LONGEST_LINE)  # pandas knows no limit; how long a line may be is decided elsewhere


def split_cells(text: str, delimiter: str) -> list[str]:
    """The cells of one line. Raises csv.Error where its quotes do not match."""
    if delimiter == BLANK:
        return [cell for cell in _BLANK_RUN.split(text) if cell]
    return next(csv.reader([text], delimiter=delimiter, strict=True), [])


def is_number(cell: str) -> bool:
    """Whether the cell is a plain decimal number: neither "1_000", "0x1A", "1,5" nor "True"."""
    return _NUMBER.fullmatch(cell.strip(BLANKS)) is not None


def looks_numeric(cell: str) -> bool:
    """Whether the cell is a number in any style: also "1,5" and "1.5D+02"."""
    return is_number(_FORTRAN_EXPONENT.sub("E", cell.replace(",", ".")))


def number_in(cell: str, layout: CsvLayout | None) -> float | None:
    """The number in the cell, as the file writes numbers; None where it holds something else."""
    if layout is not None and layout.decimal == ",":
        if "." in cell:
            return None
        cell = cell.replace(",", ".")
    if layout is not None and layout.delimiter == BLANK:
        cell = _FORTRAN_EXPONENT.sub("E", cell)
    return float(cell) if is_number(cell) else None


def decimal_in(cell: str) -> str | None:
    """The mark before the decimals of a number; None where it has none, or is none."""
    if _DECIMAL_COMMA.fullmatch(cell.strip(BLANKS)):
        return ","
    return "." if "." in cell and looks_numeric(cell) else None


def is_null(cell: str) -> bool:
    return cell.strip(BLANKS).casefold() in NULL_WORDS


def shown(text: str) -> str:
    """The text in quotes, cut to a length that fits a message."""
    return repr(text if len(text) <= 80 else text[:79] + "…")


def blank_bytes(delimiter: str) -> bytes:
    """What a blank line may consist of; a line of tabs is a row of nulls where tabs delimit."""
    return b" " if delimiter == "\t" else b" \t"


def read_lines(
    block: bytes, first_line: int, layout: CsvLayout
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Read every cell of a block of whole lines ending in a bare newline.

    Returns columns float64 (columns of the file, n), NaN where null, and lines int64 (n,).
    Raises FileError with line, column and value for the first cell, or the first line, at fault.
    """
    rows: list[list[float]] = []
    lines: list[int] = []
    blank = blank_bytes(layout.delimiter)
    for line, content in enumerate(block.split(b"\n"), start=first_line):
        if content.strip(blank):
            rows.append(_read_row(content, line, layout))
            lines.append(line)
    columns = np.array(rows, dtype=np.float64).reshape(len(rows), len(layout.names)).T
    return np.ascontiguousarray(columns), np.array(lines, dtype=np.int64)


def _read_row(content: bytes, line: int, layout: CsvLayout) -> list[float]:
    cells = _cells_of(content, line, layout)
    for position in range(layout.unnamed_from, len(cells)):
        if not is_null(cells[position]):
            raise FileError(
                Reason.RAGGED_ROW,
                f"Line {line} holds {shown(cells[position])} in column {position + 1}, which has no name in the"
                " header. Name the column or empty it.",
                row=line,
                value=cells[position],
            )
    return [
        math.nan if position in layout.beside else read_cell(cell, line, layout.names[position], layout)
        for position, cell in enumerate(cells)
    ]


def _cells_of(content: bytes, line: int, layout: CsvLayout) -> list[str]:
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise FileError(
            Reason.NOT_TEXT,
            f"Line {line} is not UTF-8 text: byte {error.start + 1} of the line is 0x{content[error.start]:02x}."
            " Save the file as UTF-8.",
            row=line,
        ) from None
    if "\0" in text:
        raise FileError(
            Reason.NOT_TEXT,
            f"Line {line} holds a NUL byte: the file is not text, or was damaged on its way here.",
            row=line,
        )
    if "\r" in text:
        raise FileError(
            Reason.RAGGED_ROW,
            f"Line {line} holds a carriage return that does not end the line. End every line in LF or CRLF.",
            row=line,
        )
    try:
        cells = split_cells(text, layout.delimiter)
    except csv.Error as error:
        raise FileError(
            Reason.RAGGED_ROW,
            f"Line {line} cannot be split into cells ({error}): check its quotes.",
            row=line,
        ) from None
    if len(cells) != len(layout.names):
        raise FileError(
            Reason.RAGGED_ROW,
            f"Line {line} has {len(cells)} cells, where the header has {len(layout.names)}.",
            row=line,
        )
    return cells


def read_cell(cell: str, line: int, name: str, layout: CsvLayout | None = None) -> float:
    """The number in the cell, written as in such a layout, or plainly; NaN where null.

    Raises FileError (not_a_number, infinite_value).
    """
    value = number_in(cell, layout)
    if value is not None:
        if math.isfinite(value):
            return value
    elif is_null(cell):
        return math.nan
    elif not _INFINITE.fullmatch(cell.strip(BLANKS)):
        hint = _hint(cell, layout)
        raise FileError(
            Reason.NOT_A_NUMBER,
            f"Line {line}, column {shown(name)}: {shown(cell)} is neither a number nor a null.{hint}",
            row=line,
            column=name,
            value=cell,
        )
    raise FileError(
        Reason.INFINITE_VALUE,
        f"Line {line}, column {shown(name)}: {shown(cell)} is infinite. Leave the cell empty for a null.",
        row=line,
        column=name,
        value=cell,
    )


def _hint(cell: str, layout: CsvLayout | None) -> str:
    if layout is not None and layout.decimal == ",":
        return " Write all decimals with a comma, as those above." if is_number(cell) else ""
    return " Write decimals with a point." if _DECIMAL_COMMA.fullmatch(cell.strip(BLANKS)) else ""
