"""A block of lines of a CSV file into numbers: pandas' C engine where all is well, cell by cell where not.

A block stands for itself: given the layout and the number of its first line it can be parsed in any process.
Every way in which pandas is laxer than this reader is checked for on its result, at little cost.
pandas ≥ 3.1 has one float converter and it rounds correctly, so there is no precision to choose.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

import numpy as np
import numpy.typing as npt

from app.ingestion.readers.csv_cells import blank_bytes, read_lines
from app.ingestion.readers.csv_layout import NULL_WORDS, CsvLayout
from app.ingestion.readers.csv_styles import plainly_written
from app.ingestion.readers.pixel_values import are_integers8, without_null_values
from app.ingestion.readers.source import Chunk

Table = tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]
"""columns: float64 (columns of the file, n), NaN where null; lines: int64 (n,)."""

_PANDAS_NULLS = sorted(
    {
        blanks + spelling
        for word in NULL_WORDS
        for spelling in (word, word.upper(), word.title(), word.replace("nan", "NaN"))
        for blanks in ("", " ")
    }
)
"""The spellings in use, so that files full of them are read fast; the others are left to `read_lines`."""

_LETTERS_OF_TRUTH = (b"r", b"R", b"s", b"S")
"""Pandas reads a column of nothing but "True" and "False" as ones and zeros; no number or NULL_WORD has these."""


@dataclass(frozen=True)
class ParsedBlock:
    """rows: those with a depth. dropped_rows: those without. integers8: all pixels are integers in 0..255."""

    rows: Chunk
    dropped_rows: int
    integers8: bool


def parse_block(block: bytes, first_line: int, layout: CsvLayout) -> ParsedBlock:
    """Parse whole lines, the first of which is line `first_line` of the file.

    Raises FileError (not_text, ragged_row, not_a_number, infinite_value) with line, column and value.
    """
    block = _with_bare_newlines(block)
    table = _read_fast(block, first_line, layout)
    columns, lines = read_lines(block, first_line, layout) if table is None else table
    columns = without_null_values(columns, layout.null_values)
    depths, pixels = columns[layout.depth], columns[layout.pixel_selector].T
    has_depth = ~np.isnan(depths)
    if not has_depth.all():
        depths, pixels, lines = depths[has_depth], pixels[has_depth], lines[has_depth]
    return ParsedBlock(
        Chunk(depths, pixels, lines),
        dropped_rows=int(has_depth.size - has_depth.sum()),
        integers8=are_integers8(pixels),
    )


def _with_bare_newlines(block: bytes) -> bytes:
    if not block.endswith(b"\n"):
        block += b"\n"
    return block.replace(b"\r\n", b"\n") if b"\r" in block else block


def _read_fast(block: bytes, first_line: int, layout: CsvLayout) -> Table | None:
    """The block as pandas reads it; None where pandas refuses it or may have read it wrongly."""
    plain = plainly_written(block, layout)
    if plain is None:
        return None
    block = plain
    if b"\0" in block or b"\r" in block or not block.isascii():
        return None
    if any(letter in block for letter in _LETTERS_OF_TRUTH):
        return None
    codes = np.frombuffer(block, dtype=np.uint8)
    newline, delimiter = codes == ord("\n"), codes == ord(layout.delimiter)
    ends_cell = newline | delimiter
    if b'"' in block and not _quotes_enclose_cells(codes, ends_cell):
        return None
    columns = _parse(block, layout, nulls=_may_hold_nulls(block, ends_cell))
    if columns is None:
        return None
    count, newlines = columns.shape[1], np.count_nonzero(newline)
    lines = np.arange(first_line, first_line + newlines, dtype=np.int64)
    if count != newlines:
        lines = lines[_filled_lines(block, layout.delimiter)]
    # pandas fills short rows with nulls, and may close a quoted cell on a later line
    complete = np.count_nonzero(delimiter) == count * (len(layout.names) - 1)
    if count != len(lines) or not complete:
        return None
    if layout.beside and _lines_with(len(layout.names) - 1, delimiter, newline) != count:
        return None
    if not np.isnan(columns[layout.unnamed_from :]).all():
        return None
    return columns, lines


def _may_hold_nulls(block: bytes, ends_cell: npt.NDArray[np.bool_]) -> bool:
    """Whether a cell may be empty or a word; every NULL_WORD has an n. ends_cell: bool (bytes of the block,)."""
    return bool(ends_cell[0] or (ends_cell[1:] & ends_cell[:-1]).any() or b"n" in block or b"N" in block)


def _parse(block: bytes, layout: CsvLayout, nulls: bool) -> npt.NDArray[np.float64] | None:
    """Finite columns, as many as the header has. Looking for nulls costs a quarter of the time (*measured*)."""
    import pandas as pd  # only where files are read: serving starts half a second earlier without it

    try:
        frame = pd.read_csv(
            BytesIO(block),
            sep=layout.delimiter,
            header=None,
            usecols=_used(layout) if layout.beside else None,
            engine="c",
            dtype="float64",
            na_values=_PANDAS_NULLS if nulls else None,
            na_filter=nulls,
            low_memory=False,  # the block is small: parse it in one go
        )
    except ValueError:
        return None
    columns = frame.to_numpy().T
    if layout.beside:
        read, columns = columns, np.full((len(layout.names), columns.shape[1]), np.nan)
        columns[_used(layout)] = read
    if len(columns) != len(layout.names) or np.isinf(columns).any():
        return None
    return columns


def _used(layout: CsvLayout) -> list[int]:
    """Where the columns stand that are looked at."""
    return [position for position in range(len(layout.names)) if position not in layout.beside]


def _lines_with(number: int, delimiter: npt.NDArray[np.bool_], newline: npt.NDArray[np.bool_]) -> int:
    """How many lines have so many delimiters: pandas takes longer ones where not every column is asked for."""
    starts = np.concatenate([[0], np.flatnonzero(newline)[:-1] + 1])
    return int(np.count_nonzero(np.add.reduceat(delimiter, starts, dtype=np.int64) == number))


def _quotes_enclose_cells(codes: npt.NDArray[np.uint8], ends_cell: npt.NDArray[np.bool_]) -> bool:
    """Whether quotes stand in pairs around single cells: pandas reads `"1"2` as 12, and a quoted tab as a blank."""
    quotes = np.flatnonzero(codes == ord('"'))
    if len(quotes) % 2:
        return False
    opening, closing = quotes[0::2], quotes[1::2]
    cell = np.cumsum(ends_cell)
    # The byte before the first is the last, the newline at the end of the block.
    enclosed = ends_cell[opening - 1] & ends_cell[closing + 1] & (cell[opening] == cell[closing])
    return bool(enclosed.all())


def _filled_lines(block: bytes, delimiter: str) -> npt.NDArray[np.bool_]:
    """Which lines are not blank: bool (lines of the block,)."""
    blank = blank_bytes(delimiter)
    return np.array([bool(content.strip(blank)) for content in block.split(b"\n")[:-1]], dtype=np.bool_)
