"""The names of a table's columns: each has one of its own, and one of them is the depth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from app.errors import FileError, Reason
from app.ingestion.readers.csv_cells import shown
from app.ingestion.readers.depth_column import is_depth_name


def depth_among(names: Sequence[str], where: str, row: int | None = None) -> int:
    """The position of the one depth column. where: what names the columns, as a sentence begins. row: its line.

    Raises FileError (unnamed_column, duplicate_column, no_depth_column).
    """
    if "" in names:
        raise FileError(
            Reason.UNNAMED_COLUMN,
            f"{where}: column {names.index('') + 1} has no name. Name it, or remove it if it numbers the rows.",
            row=row,
        )
    if not names:
        raise FileError(Reason.NO_DEPTH_COLUMN, f"{where} names no columns.", row=row)
    name, count = Counter(names).most_common(1)[0]
    if count > 1:
        raise FileError(
            Reason.DUPLICATE_COLUMN,
            f"{where} names {count} columns {shown(name)}: each column needs a name of its own.",
            row=row,
            column=name,
        )
    found = [position for position, name in enumerate(names) if is_depth_name(name)]
    if not found:
        some = ", ".join(map(shown, names[:5])) + (" …" if len(names) > 5 else "")
        raise FileError(
            Reason.NO_DEPTH_COLUMN,
            f"{where} names no depth column; it names {some}. Call it depth, DEPT, MD, TDEP or measured_depth,"
            " with a unit if you like: depth_m, Depth (ft).",
            row=row,
        )
    if len(found) > 1:
        several = " and ".join(shown(names[position]) for position in found[:5])
        raise FileError(
            Reason.DUPLICATE_COLUMN,
            f"{where} names {len(found)} depth columns, {several}: leave only the one that counts.",
            row=row,
            column=names[found[1]],
        )
    return found[0]
