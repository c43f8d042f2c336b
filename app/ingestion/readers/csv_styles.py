"""How files in the styles of the trade write their numbers: decimal commas, blanks between cells, D exponents."""

from __future__ import annotations

import csv
import re
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from app.ingestion.readers.csv_cells import decimal_in, split_cells
from app.ingestion.readers.csv_layout import BLANK, CsvLayout

SAMPLE_BYTES = 64 * 1024

_FORTRAN_EXPONENT = re.compile(rb"(?<=[0-9.])[dD](?=[+-]?[0-9])")


def plainly_written(block: bytes, layout: CsvLayout) -> bytes | None:
    """The lines with one delimiter between cells and a point in decimals, as pandas wants them.

    None where this cannot be had by replacing bytes: such lines are for the precise way to judge.
    """
    if layout.decimal == ",":
        if b"." in block or b"#" in block:  # else "1,#IND" would become a null
            return None
        block = block.replace(b",", b".")
    if layout.delimiter == BLANK:
        if b'"' in block:
            return None
        block = _single_blanks(block)
        if b"D" in block or b"d" in block:
            block = _FORTRAN_EXPONENT.sub(b"E", block)
    return block


def decimal_mark(file: BinaryIO, offset: int, layout: CsvLayout) -> str:
    """Point or comma: whichever the first number with decimals has, among the first rows, from byte `offset` on."""
    if layout.delimiter == ",":
        return "."
    file.seek(offset)
    sample = file.read(SAMPLE_BYTES)
    marks = (
        decimal_in(cells[position])
        for content in sample[: sample.rfind(b"\n") + 1 or None].split(b"\n")
        for cells in [_cells(content, layout)]
        for position in (layout.depth, *layout.pixels)
        if position < len(cells)
    )
    return next(filter(None, marks), ".")


def _cells(content: bytes, layout: CsvLayout) -> list[str]:
    try:
        return split_cells(content.decode("latin-1").rstrip("\r"), layout.delimiter)
    except csv.Error:  # for the reading of the rows to tell
        return []


def _single_blanks(block: bytes) -> bytes:
    """One space where there were several, or tabs; none at a line's ends. block: ends in a newline."""
    codes = np.frombuffer(block, dtype=np.uint8).copy()
    codes[codes == ord("\t")] = ord(" ")
    blank = codes == ord(" ")
    codes = codes[~(blank & _shifted(blank, 1))]
    blank, newline = codes == ord(" "), codes == ord("\n")
    at_end = _shifted(newline, -1)
    at_start = _shifted(newline, 1)
    at_start[0] = True
    return bytes(codes[~(blank & (at_start | at_end))])


def _shifted(marks: npt.NDArray[np.bool_], by: int) -> npt.NDArray[np.bool_]:
    """Those of the neighbour before (1) or behind (-1), False at the end that has none."""
    shifted = np.zeros_like(marks)
    if by > 0:
        shifted[by:] = marks[:-by]
    else:
        shifted[:by] = marks[-by:]
    return shifted
