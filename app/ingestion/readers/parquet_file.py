"""Parquet files: a depth column, and the pixels as columns of numbers or as lists."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from app.errors import FileError, Reason
from app.ingestion.readers.array_source import ArraySource, Block, Float64
from app.ingestion.readers.column_names import depth_among
from app.ingestion.readers.csv_cells import shown
from app.ingestion.readers.depth_column import normalised_unit, unit_in_name
from app.ingestion.readers.described import depth_unit_in, described
from app.ingestion.readers.image_columns import image_columns
from app.ingestion.readers.packed import FREE_BYTES, HIGHEST_RATIO
from app.ingestion.readers.source import FoundImage, Metadata
from app.ingestion.readers.width import WIDEST, Width, check_width
from app.settings import Settings

# Loaded where a file is read: the server itself can do without.
if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

BUFFER_BYTES = 64 * 1024
"""Read at a time of each column; without this a row group's columns are read whole."""

PANDAS_INDEX = "__index_level_"
"""How the name begins of a column that pandas numbers rows with."""

_OTHER_PROGRAMS = {"pandas", "ARROW:schema", "org.apache.spark.sql.parquet.row.metadata", "geo"}
"""Keys under which programs note what is theirs alone."""


class ParquetFile:
    """Raises FileError if the file's end, which says what is in it, is at fault."""

    def __init__(self, path: Path, settings: Settings) -> None:
        self.path = path
        self.settings = settings
        with _damage_told(path.name), _opened(path) as file:
            self.schema, self.footer = file.schema_arrow, file.metadata
            numbers = [field.name for field in self.schema if _is_number(field.type)]
            lists = [field.name for field in self.schema if _is_list(field.type)]
            said = self._said()
        if not self.footer.num_rows:
            raise FileError(Reason.NO_ROWS, f"{path.name} has columns and no rows.")
        numbers = [name for name in numbers if not name.startswith(PANDAS_INDEX)]
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
        return FoundImage(channel, self._metadata(columns), source, self.footer.num_rows)

    def _check_size(self, width: int) -> None:
        """A few bytes can say that a billion rows are alike. Raises FileError."""
        size = 4 * width * self.footer.num_rows
        most = min(
            self.settings.max_unpacked_bytes, max(FREE_BYTES, HIGHEST_RATIO * self.path.stat().st_size)
        )
        if size > most:
            raise FileError(
                Reason.UNPACKED_TOO_LARGE,
                f"{self.path.name} says that it holds {self.footer.num_rows} rows of {width} pixels, {size} bytes:"
                f" more than {most} do not fit into a file of its size, or in BOREHOLE_MAX_UNPACKED_BYTES.",
            )

    def _length(self, name: str) -> int:
        """How long the lists are, by the first that there is."""
        kind = self.schema.field(name).type
        with _damage_told(self.path.name):
            self._check_lengths(name)
        if hasattr(kind, "list_size"):
            return int(kind.list_size)
        for batch in self._batches(1, [name]):
            lengths = _lengths(batch.column(0))
            if not np.isnan(lengths).all():
                return int(lengths[~np.isnan(lengths)][0])
        raise FileError(Reason.NO_IMAGE, f"Column {shown(name)} of {self.path.name} is null in every row.")

    def _check_lengths(self, name: str) -> None:
        """Before a list of billions is made. Raises FileError."""
        for number in range(self.footer.num_row_groups):
            group = self.footer.row_group(number)
            for place in range(group.num_columns):
                column = group.column(place)
                values = column.num_values
                if column.path_in_schema.startswith(f"{name}.") and values > WIDEST * group.num_rows:
                    check_width(values // max(1, group.num_rows), "any", f"Column {shown(name)} has lists")

    def _blocks(self, width: int, columns: Sequence[str], rows: int) -> Iterator[Block]:
        done = 0
        for batch in self._batches(rows, [self.depth, *columns]):
            depths = _floats(batch.column(self.depth))
            if _is_list(batch.schema.field(columns[0]).type):
                pixels = self._unlisted(batch.column(columns[0]), width, columns[0], done + 1)
            else:
                pixels = np.column_stack([_floats(batch.column(name)) for name in columns])
            yield depths, pixels
            done += len(depths)
        if done != self.footer.num_rows:
            raise FileError(
                Reason.DAMAGED,
                f"{self.path.name} says that it holds {self.footer.num_rows} rows, and holds {done}.",
            )

    def _batches(self, rows: int, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        with _damage_told(self.path.name), _opened(self.path) as file:
            yield from file.iter_batches(rows, columns=list(columns), use_threads=False)

    def _unlisted(self, lists: pa.ListArray, width: int, name: str, first: int) -> Float64:
        lengths = _lengths(lists)
        present = ~np.isnan(lengths)
        wrong = np.flatnonzero(present & (lengths != width))
        if len(wrong):
            row = first + int(wrong[0])
            raise FileError(
                Reason.RAGGED_ROW,
                f"Row {row}: {shown(name)} has {lengths[wrong[0]]:.0f} values, where the first row has {width}.",
                row=row,
                column=name,
            )
        pixels = np.full((len(lists), width), np.nan)
        pixels[present] = _floats(lists.flatten()).reshape(-1, width)
        return pixels

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


def _opened(path: Path) -> pq.ParquetFile:
    import pyarrow.parquet as pq

    return pq.ParquetFile(path, buffer_size=BUFFER_BYTES, pre_buffer=False)


@contextmanager
def _damage_told(name: str) -> Iterator[None]:
    """Raises FileError for what pyarrow raises over the content of the file `name`."""
    import pyarrow as pa

    try:
        yield
    except (MemoryError, pa.ArrowMemoryError) as error:
        raise FileError(
            Reason.OUT_OF_MEMORY, f"{name} asks for more memory than a worker may have: {error}"
        ) from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise _damaged(name, error) from error
    except (pa.ArrowException, ValueError, OverflowError) as error:
        raise _damaged(name, error) from error


def _damaged(name: str, error: Exception) -> FileError:
    said = " ".join(str(error).split())[:200]
    return FileError(Reason.DAMAGED, f"{name} cannot be read as Parquet: {said}")


def _is_number(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def _is_list(kind: pa.DataType) -> bool:
    import pyarrow as pa

    lists = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    return any(is_such(kind) for is_such in lists) and _is_number(kind.value_type)


def _floats(numbers: pa.Array) -> Float64:
    """NaN where null."""
    import pyarrow as pa

    return np.asarray(numbers.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False))


def _lengths(lists: pa.ListArray) -> Float64:
    """Of each list; NaN where there is none."""
    import pyarrow.compute as pc

    return _floats(pc.list_value_length(lists))


def _text(content: bytes) -> str:
    return content.decode("utf-8", "replace")
