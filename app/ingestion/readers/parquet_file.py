"""Parquet files: a depth column, and the pixels as columns of numbers or as lists."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from app.errors import FileError, Reason
from app.ingestion.readers.array_source import MOST_VALUES, ArraySource, Block, Float64
from app.ingestion.readers.arrow_columns import floats, is_list, is_number, lengths, unlisted
from app.ingestion.readers.column_names import depth_among
from app.ingestion.readers.csv_cells import shown
from app.ingestion.readers.depth_column import normalised_unit, unit_in_name
from app.ingestion.readers.described import depth_unit_in, described
from app.ingestion.readers.image_columns import image_columns
from app.ingestion.readers.packed import FREE_BYTES, HIGHEST_RATIO
from app.ingestion.readers.parquet_footer import damaged, read_footer
from app.ingestion.readers.source import FoundImage, Metadata
from app.ingestion.readers.width import WIDEST, Width, check_width
from app.settings import Settings

# Loaded where a file is read: the server itself can do without.
if TYPE_CHECKING:
    from arro3.core import Array, DataType, RecordBatch, RecordBatchReader

BATCH_BYTES = 8 * MOST_VALUES
"""Of all columns together: none can be left out."""

PANDAS_INDEX = "__index_level_"
"""How the name begins of a column that pandas numbers rows with."""

PANIC = "PanicException"
"""What Rust did not expect: damage that went unnoticed until then. No `Exception`, and of no module to import."""

_OS_ERROR = re.compile(r"\(os error (\d+)\)")
_WRAPPING = re.compile(r"^(called `Result::unwrap\(\)` on an `Err` value: |C Data interface error: )")
"""What arro3 puts before the words of the reader below it."""

_OTHER_PROGRAMS = {"pandas", "ARROW:schema", "org.apache.spark.sql.parquet.row.metadata", "geo"}
"""Keys under which programs note what is theirs alone."""


class ParquetFile:
    """Raises FileError if the file's end, which says what is in it, is at fault."""

    def __init__(self, path: Path, settings: Settings) -> None:
        self.path = path
        self.settings = settings
        self.footer = read_footer(path)
        self.schema = _opened(path, 1).schema
        said = self._said()
        if not self.footer.rows:
            raise FileError(Reason.NO_ROWS, f"{path.name} has columns and no rows.")
        numbers = [name for name in self._named(is_number) if not name.startswith(PANDAS_INDEX)]
        lists = self._named(is_list)
        self.depth = numbers[depth_among(numbers, f"Of its columns of numbers, {path.name}")]
        self.depth_unit = (
            unit_in_name(self.depth)
            or normalised_unit(self._unit_of([self.depth]) or "")
            or depth_unit_in(said.items())
        )
        self.about = said
        self.images = self._of_lists(lists) if lists else [self._of_columns(numbers)]

    def _of_columns(self, numbers: Sequence[str]) -> FoundImage:
        others = [name for name in numbers if name != self.depth]
        pixels = [others[place] for place in image_columns(others, self.settings)]
        return self._image("", len(pixels), self.settings.source_width, pixels)

    def _of_lists(self, names: Sequence[str]) -> list[FoundImage]:
        return [
            self._image("" if len(names) == 1 else name, self._length(name), "any", [name]) for name in names
        ]

    def _image(self, channel: str, width: int, expected: Width, columns: Sequence[str]) -> FoundImage:
        where = f"Column {shown(columns[0])}" if channel else self.path.name
        check_width(width, expected, f"{where} has {width} pixels beside {shown(self.depth)}")
        self._check_size(width)
        source = partial(
            ArraySource,
            partial(self._blocks, width, columns),
            width=width,
            depth_name=self.depth,
            depth_unit=self.depth_unit,
            null_values=self.settings.null_values,
        )
        return FoundImage(channel, self._metadata(columns), source, self.footer.rows)

    def _check_size(self, width: int) -> None:
        """A few bytes can say that a billion rows are alike. Raises FileError."""
        size = 4 * width * self.footer.rows
        most = min(
            self.settings.max_unpacked_bytes, max(FREE_BYTES, HIGHEST_RATIO * self.path.stat().st_size)
        )
        if size > most:
            raise FileError(
                Reason.UNPACKED_TOO_LARGE,
                f"{self.path.name} says that it holds {self.footer.rows} rows of {width} pixels, {size} bytes:"
                f" more than {most} do not fit into a file of its size, or in BOREHOLE_MAX_UNPACKED_BYTES.",
            )

    def _named(self, is_such: Callable[[DataType], bool]) -> list[str]:
        return [name for name in self.schema.names if is_such(self.schema.field(name).type)]

    def _length(self, name: str) -> int:
        """How long the lists are, by the first there is. Raises FileError before a list of billions is made."""
        mean = self.footer.longest_list(name)
        if mean > WIDEST:
            check_width(mean, "any", f"Column {shown(name)} has lists")
        length = self.schema.field(name).type.list_size
        if length is not None:
            return length
        for batch in self._batches(1024):
            found = lengths(batch.column(name))
            if not np.isnan(found).all():
                return int(found[~np.isnan(found)][0])
        raise FileError(Reason.NO_IMAGE, f"Column {shown(name)} of {self.path.name} is null in every row.")

    def _blocks(self, width: int, columns: Sequence[str], rows: int) -> Iterator[Block]:
        done = 0
        for batch in self._batches(rows):
            depths = floats(batch.column(self.depth))
            if is_list(self.schema.field(columns[0]).type):
                pixels = self._unlisted(batch.column(columns[0]), width, columns[0], done + 1)
            else:
                pixels = np.column_stack([floats(batch.column(name)) for name in columns])
            yield depths, pixels
            done += len(depths)
        if done != self.footer.rows:
            raise damaged(self.path.name, f"it says that it holds {self.footer.rows} rows, and holds {done}")

    def _batches(self, rows: int) -> Iterator[RecordBatch]:
        """Of at most `rows` rows, and of fewer where rows are large."""
        reader = _opened(self.path, max(1, min(rows, BATCH_BYTES // max(1, self.footer.row_bytes))))
        while True:
            with _damage_told(self.path.name):
                batch = next(reader, None)
            if batch is None:
                return
            yield batch

    def _unlisted(self, lists: Array, width: int, name: str, first: int) -> Float64:
        found = lengths(lists)
        wrong = np.flatnonzero(~np.isnan(found) & (found != width))
        if len(wrong):
            row = first + int(wrong[0])
            raise FileError(
                Reason.RAGGED_ROW,
                f"Row {row}: {shown(name)} has {found[wrong[0]]:.0f} values, where the first row has {width}.",
                row=row,
                column=name,
            )
        return unlisted(lists, width)

    def _said(self) -> dict[str, str]:
        entries = (self.schema.metadata or {}).items()
        said = {_text(key): _text(value) for key, value in entries}
        return {key: text for key, text in said.items() if key not in _OTHER_PROGRAMS}

    def _metadata(self, columns: Sequence[str]) -> Metadata:
        return described(
            self.about.items(), self.depth_unit or self.settings.depth_unit, self._unit_of(columns)
        )

    def _unit_of(self, columns: Sequence[str]) -> str | None:
        """What the columns' own metadata calls their unit. Raises FileError (mixed_units)."""
        units: dict[str, str] = {}
        for name in columns:
            said = self.schema.field(name).metadata or {}
            unit = _text(said.get(b"unit") or said.get(b"units") or b"").strip()
            if unit:
                units.setdefault(unit, name)
        if len(units) > 1:
            (one, first), (other, second) = list(units.items())[:2]
            raise FileError(
                Reason.MIXED_UNITS,
                f"Column {shown(first)} is in {shown(one)} and column {shown(second)} in {shown(other)}: the pixels"
                " of an image are of one unit.",
                column=second,
                value=other,
            )
        return next(iter(units), None)


def _opened(path: Path, rows: int) -> RecordBatchReader:
    """rows: at most, of a batch."""
    from arro3.io import read_parquet

    with _damage_told(path.name):
        return read_parquet(path, batch_size=rows)


@contextmanager
def _damage_told(name: str) -> Iterator[None]:
    """Raises FileError for what arro3 says of the content of the file `name`, OSError for what the disk says."""
    try:
        yield
    except MemoryError:
        raise
    except BaseException as error:
        if not (isinstance(error, Exception) or type(error).__name__ == PANIC):
            raise
        if code := _OS_ERROR.search(str(error)):
            raise OSError(int(code[1]), os.strerror(int(code[1])), name) from error
        raise damaged(name, _WRAPPING.sub("", str(error))) from error


def _text(content: bytes) -> str:
    return content.decode("utf-8", "replace")
