"""A line of column names into a layout: the delimiter, the depth column, the pixel columns in their order."""

from __future__ import annotations

import csv
from collections import Counter

from app.errors import FileError, Reason
from app.ingestion.readers.csv_cells import is_null, is_number, shown, split_cells
from app.ingestion.readers.csv_layout import CsvLayout
from app.ingestion.readers.depth_column import is_depth_name
from app.ingestion.readers.natural_order import natural_order
from app.settings import Settings

_DELIMITERS = (",", ";", "\t")


def read_columns(text: str, line: int, settings: Settings) -> CsvLayout:
    """The layout that a line of column names announces. `line`: its number. Raises FileError."""
    delimiter, cells = _split_header(text, line)
    names = tuple(cell.strip() for cell in cells)
    named = len(names)
    while named and not names[named - 1]:
        named -= 1
    if all(is_number(name) or is_null(name) for name in names):
        raise FileError(
            Reason.NO_HEADER,
            f"Line {line} holds numbers where the column names should be: put a header above the rows.",
            row=line,
        )
    _check_names(names[:named], line)
    depth = _depth_column(names[:named], line)
    others = [position for position in range(named) if position != depth]
    _check_width(len(others), line, settings)
    order = natural_order([names[position] for position in others])
    pixels = tuple(others[place] for place in order)
    return CsvLayout(delimiter, names, depth, pixels, settings.null_values)


def _split_header(text: str, line: int) -> tuple[str, list[str]]:
    """The delimiter that leaves a depth column, and among those the one that gives the most columns."""
    candidates: list[tuple[bool, int, str, list[str]]] = []
    problem = ""
    for delimiter in _DELIMITERS:
        try:
            cells = split_cells(text, delimiter)
        except csv.Error as error:
            problem = str(error)
            continue
        candidates.append((any(map(is_depth_name, cells)), len(cells), delimiter, cells))
    if problem and not any(with_depth for with_depth, *_ in candidates):
        raise FileError(
            Reason.NO_HEADER,
            f"Line {line} cannot be split into column names ({problem}): check its quotes.",
            row=line,
        )
    _, _, delimiter, cells = max(candidates, key=lambda candidate: candidate[:2])
    return delimiter, cells


def _check_names(names: tuple[str, ...], line: int) -> None:
    if "" in names:
        raise FileError(
            Reason.UNNAMED_COLUMN,
            f"Line {line}: column {names.index('') + 1} has no name. Name it, or remove it if it numbers the rows.",
            row=line,
        )
    name, count = Counter(names).most_common(1)[0]
    if count > 1:
        raise FileError(
            Reason.DUPLICATE_COLUMN,
            f"Line {line} names {count} columns {shown(name)}: each column needs a name of its own.",
            row=line,
            column=name,
        )


def _depth_column(names: tuple[str, ...], line: int) -> int:
    found = [position for position, name in enumerate(names) if is_depth_name(name)]
    if not found:
        some = ", ".join(map(shown, names[:5])) + (" …" if len(names) > 5 else "")
        raise FileError(
            Reason.NO_DEPTH_COLUMN,
            f"Line {line} names no depth column; it names {some}. Call it depth, DEPT, MD, TDEP or measured_depth,"
            " with a unit if you like: depth_m, Depth (ft).",
            row=line,
        )
    if len(found) > 1:
        several = " and ".join(shown(names[position]) for position in found[:5])
        raise FileError(
            Reason.DUPLICATE_COLUMN,
            f"Line {line} names {len(found)} depth columns, {several}: leave only the one that counts.",
            row=line,
            column=names[found[1]],
        )
    return found[0]


def _check_width(found: int, line: int, settings: Settings) -> None:
    expected = settings.source_width
    if found == expected or (expected == "any" and found >= 2):
        return
    wanted = "at least 2" if expected == "any" or found < 2 else str(expected)
    hint = (
        ""
        if found < 2
        else f" BOREHOLE_SOURCE_WIDTH={found} accepts this width, BOREHOLE_SOURCE_WIDTH=any all."
    )
    raise FileError(
        Reason.WRONG_WIDTH,
        f"The header has {found} pixel columns beside the depth, where {wanted} are expected.{hint}",
        row=line,
    )
