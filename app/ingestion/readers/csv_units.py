"""The row of units that may stand between the column names and the rows."""

from __future__ import annotations

import csv
from typing import NamedTuple

from app.errors import FileError, Reason
from app.ingestion.readers.csv_cells import is_null, looks_numeric, shown, split_cells
from app.ingestion.readers.csv_layout import BLANKS, CsvLayout
from app.ingestion.readers.depth_column import normalised_unit

_NO_UNIT = frozenset({"-", "--", "unitless"})


class Units(NamedTuple):
    """Of the depth and of the pixel values; None where the file does not say."""

    depth: str | None
    pixels: str | None


def units_in(content: bytes, line: int, layout: CsvLayout) -> Units | None:
    """The units, if the line is a row of units; None if it is a row of values, or anything else.

    Raises FileError (mixed_units) where the pixel columns are not of one unit.
    """
    try:
        text = content.decode()
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    try:
        cells = [cell.strip(BLANKS) for cell in split_cells(text.rstrip("\r\n"), layout.delimiter)]
    except csv.Error:
        return None
    if len(cells) != len(layout.names):
        return None
    depth = normalised_unit(cells[layout.depth])
    if depth is None or any(looks_numeric(cells[position]) for position in layout.pixels):
        return None
    return Units(depth, _common_unit(cells, line, layout))


def _common_unit(cells: list[str], line: int, layout: CsvLayout) -> str | None:
    found: dict[str, int] = {}
    for position in layout.pixels:
        unit = cells[position].strip("()[]{}")
        if not is_null(unit) and unit not in _NO_UNIT:
            found.setdefault(unit, position)
    if len({unit.casefold() for unit in found}) > 1:
        (one, first), (other, second) = list(found.items())[:2]
        raise FileError(
            Reason.MIXED_UNITS,
            f"Line {line} gives column {shown(layout.names[first])} in {shown(one)} and column"
            f" {shown(layout.names[second])} in {shown(other)}: the pixels of an image are of one unit.",
            row=line,
            column=layout.names[second],
            value=other,
        )
    return next(iter(found), None)
