"""A plain table: a line of names, a line for each row, nulls empty. It has no room for anything else."""

from __future__ import annotations

from collections.abc import Iterable

from app.rendering.exports.table import Pieces, Table, Values
from app.rendering.exports.text import lines


def csv(table: Table, blocks: Iterable[Values]) -> Pieces:
    yield ",".join(table.columns).encode() + b"\n"
    for depths, values in table.with_depths(blocks):
        yield lines(depths, values, separator=b",", null=b"")
