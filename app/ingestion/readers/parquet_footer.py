"""The end of a Parquet file, as far as it says how much there is to read.

Arro3, which reads the rows, tells nothing of this, and takes a footer that is at fault for a mistake of its own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from app.errors import FileError, Reason
from app.ingestion.readers.compact_thrift import CompactReader, Kind

MAGIC = b"PAR1"
ENCRYPTED = b"PARE"
_TAIL = 8
"""Bytes behind the footer: its length, and MAGIC."""

_VALUE_BYTES = 8


@dataclass
class RowGroup:
    """values: of each column with its nulls, those in lists one by one. size: bytes, unpacked."""

    rows: int = 0
    values: dict[str, int] = field(default_factory=dict)
    size: int = 0


@dataclass(frozen=True)
class Footer:
    """What the file says of itself: none of it has to be true."""

    rows: int
    groups: list[RowGroup]

    def longest_list(self, column: str) -> int:
        """The mean length of the lists of a column, in the row group where they are longest."""
        return max((group.values.get(column, 0) // max(1, group.rows) for group in self.groups), default=0)

    @property
    def row_bytes(self) -> int:
        """The mean size of a row in memory, all its columns together, in the row group where rows are largest."""
        return max((group.size // max(1, group.rows) for group in self.groups), default=0)


def damaged(name: str, why: object) -> FileError:
    return FileError(Reason.DAMAGED, f"{name} cannot be read as Parquet: {' '.join(str(why).split())[:200]}")


def read_footer(path: Path) -> Footer:
    """Raises FileError for what is wrong with the file, OSError for what is not."""
    with path.open("rb") as file:
        content = _footer_bytes(file, path.name)
    with _damage_told(path.name):
        footer = _footer(CompactReader(content))
    if footer.rows < 0 or any(group.rows < 0 for group in footer.groups):
        raise damaged(path.name, "it says that it holds less than no rows")
    return footer


def _footer_bytes(file: IO[bytes], name: str) -> bytes:
    size = file.seek(0, os.SEEK_END)
    if size < len(MAGIC) + _TAIL:
        raise damaged(name, f"it has {size} bytes, and the least is {len(MAGIC) + _TAIL}")
    file.seek(0)
    head = file.read(len(MAGIC))
    file.seek(size - _TAIL)
    tail = file.read(_TAIL)
    if tail.endswith(ENCRYPTED):
        raise damaged(name, "it is encrypted")
    if head != MAGIC or not tail.endswith(MAGIC):
        where = "begin" if head != MAGIC else "end"
        raise damaged(name, f"it does not {where} with PAR1: it is another file, or was cut short")
    length = int.from_bytes(tail[:4], "little")
    if length > size - len(MAGIC) - _TAIL:
        raise damaged(name, f"its footer of {length} bytes does not fit into its {size} bytes")
    file.seek(size - _TAIL - length)
    return file.read(length)


@contextmanager
def _damage_told(name: str) -> Iterator[None]:
    try:
        yield
    except IndexError:
        raise damaged(name, "its footer ends too early") from None
    except (ValueError, RecursionError) as error:
        raise damaged(name, f"its footer makes no sense: {error}") from None


# The numbers are those of parquet.thrift.

_REQUIRED = {1: "version", 2: "schema", 3: "number of rows", 4: "row groups"}


def _footer(reader: CompactReader) -> Footer:
    rows, groups = 0, []
    missing = dict(_REQUIRED)
    for number, kind in reader.fields():
        missing.pop(number, None)
        if (number, kind) == (2, Kind.LIST):
            for schema_element in _structs(reader):
                reader.skip(schema_element)
        elif (number, kind) == (3, Kind.INT64):
            rows = reader.integer()
        elif (number, kind) == (4, Kind.LIST):
            groups = [_row_group(reader) for _ in _structs(reader)]
        else:
            reader.skip(kind)
    if missing:
        raise ValueError(f"it lacks the {' and the '.join(missing.values())}")
    return Footer(rows, groups)


def _row_group(reader: CompactReader) -> RowGroup:
    group = RowGroup()
    for number, kind in reader.fields():
        if (number, kind) == (1, Kind.LIST):
            for _ in _structs(reader):
                _add_column(group, reader)
        elif (number, kind) == (3, Kind.INT64):
            group.rows = reader.integer()
        else:
            reader.skip(kind)
    return group


def _add_column(group: RowGroup, reader: CompactReader) -> None:
    for number, kind in reader.fields():
        if (number, kind) == (3, Kind.STRUCT):
            _add_values(group, reader)
        else:
            reader.skip(kind)


def _add_values(group: RowGroup, reader: CompactReader) -> None:
    path: list[str] = []
    values = size = 0
    for number, kind in reader.fields():
        if (number, kind) == (3, Kind.LIST):
            path = [reader.text() for _ in reader.elements()]
        elif (number, kind) == (5, Kind.INT64):
            values = reader.integer()
        elif (number, kind) == (6, Kind.INT64):
            size = reader.integer()
        else:
            reader.skip(kind)
    column = path[0] if path else ""
    group.values[column] = max(values, group.values.get(column, 0))
    group.size += max(size, _VALUE_BYTES * values)


def _structs(reader: CompactReader) -> Iterator[int]:
    for kind in reader.elements():
        if kind != Kind.STRUCT:
            raise ValueError(f"kind {kind} of value, where there should be structs")
        yield kind
