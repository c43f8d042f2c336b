"""A line of column names into a layout: the delimiter, the depth column, the pixel columns in their order."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import suppress

from app.errors import FileError, Reason
from app.ingestion.readers.column_names import depth_among
from app.ingestion.readers.csv_cells import is_null, looks_numeric, split_cells
from app.ingestion.readers.csv_layout import BLANK, CsvLayout
from app.ingestion.readers.depth_column import is_depth_name
from app.ingestion.readers.image_columns import image_columns
from app.ingestion.readers.width import check_width
from app.settings import Settings

_DELIMITERS = (",", ";", "\t", BLANK)


def read_columns(text: str, line: int, settings: Settings) -> CsvLayout:
    """The layout that a line of column names announces. `line`: its number. Raises FileError.

    One column beside the depth passes for any width: it may hold a row's pixels one below the other.
    """
    delimiter, cells = _split_header(text, line)
    names = tuple(cell.strip() for cell in cells)
    named = len(names)
    while named and not names[named - 1]:
        named -= 1
    if holds_numbers(text) or all(map(is_null, names)):
        raise FileError(
            Reason.NO_HEADER,
            f"Line {line} holds numbers where the column names should be: put a header above the rows.",
            row=line,
        )
    depth = depth_among(names[:named], f"Line {line}", line)
    others = [position for position in range(named) if position != depth]
    chosen = image_columns([names[position] for position in others], settings, line)
    if len(chosen) != 1:
        check_width(
            len(chosen),
            settings.source_width,
            f"The header has {len(chosen)} pixel columns beside the depth",
            line,
        )
    return CsvLayout(delimiter, names, depth, tuple(others[place] for place in chosen), settings.null_values)


def names_a_depth(text: str) -> bool:
    """Whether the line could be one of column names."""
    return any(is_depth_name(cell) for _, cells in _splits(text) for cell in cells)


def holds_numbers(text: str) -> bool:
    """Whether the line is a row of numbers and nulls, whatever the delimiter."""
    return any(
        any(map(looks_numeric, cells)) and all(looks_numeric(cell) or is_null(cell) for cell in cells)
        for _, cells in _splits(text)
    )


def _splits(text: str) -> Iterator[tuple[str, list[str]]]:
    for delimiter in _DELIMITERS:
        with suppress(csv.Error):
            yield delimiter, split_cells(text, delimiter)


def _split_header(text: str, line: int) -> tuple[str, list[str]]:
    """The delimiter that leaves a depth column, and among those the one that gives the most columns.

    Blanks are one only where the others leave no depth: names may hold them.
    """
    candidates = [
        (any(map(is_depth_name, cells)), delimiter != BLANK, len(cells), delimiter, cells)
        for delimiter, cells in _splits(text)
    ]
    with_depth, *_, delimiter, cells = max(candidates, key=lambda candidate: candidate[:3])
    if not with_depth and len(candidates) < len(_DELIMITERS):
        raise FileError(
            Reason.NO_HEADER,
            f"Line {line} cannot be split into column names: check its quotes.",
            row=line,
        )
    return delimiter, cells
