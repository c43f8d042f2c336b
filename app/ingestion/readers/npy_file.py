"""NumPy files: depths and pixels in one array."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from app.errors import FileError, Reason
from app.ingestion.readers.array_source import ArraySource, Block, as_float64, rows_at_once
from app.ingestion.readers.column_names import depth_among
from app.ingestion.readers.depth_column import unit_in_name
from app.ingestion.readers.image_columns import image_columns
from app.ingestion.readers.source import FoundImage, Metadata
from app.ingestion.readers.stored_array import HEAD_BYTES, ArrayHead, read_head, read_rows
from app.ingestion.readers.width import Width, check_width
from app.settings import Settings

Split = Callable[[npt.NDArray[Any]], Block]
"""What takes some rows of the array apart."""

FIRST_COLUMN = "the first column"


class NpyFile:
    """A structured array with a depth and pixels, or numbers of which the first column is the depth.

    The latter is so only where BOREHOLE_SOURCE_WIDTH says how many columns the pixels are. Raises FileError.
    """

    def __init__(self, path: Path, settings: Settings) -> None:
        self.path = path
        self.settings = settings
        with path.open("rb") as file:
            self.head = read_head(file.read(HEAD_BYTES), path.stat().st_size, path.name)
        self.images: Sequence[FoundImage] = (
            self._of_fields() if self.head.dtype.names else [self._of_columns()]
        )

    def _of_columns(self) -> FoundImage:
        shape, width = self.head.shape, self.settings.source_width
        if not (self.head.is_numeric and len(shape) == 2 and width != "any" and shape[1] == width + 1):
            wanted = "200" if width == "any" else str(width)
            raise FileError(
                Reason.NO_DEPTH_COLUMN,
                f"{self.path.name} is an array {' × '.join(map(str, shape))} of {self.head.dtype}, and nothing says"
                " where its depths are. Save both, numpy.savez('well.npz', depth=depth, pixels=pixels), or the"
                f" depth as a first column before as many as BOREHOLE_SOURCE_WIDTH says: {wanted}.",
            )
        return self._image("", FIRST_COLUMN, width, width, _first_and_others)

    def _of_fields(self) -> list[FoundImage]:
        dtype, names = self.head.dtype, self.head.dtype.names or ()
        if len(self.head.shape) != 1:
            raise FileError(
                Reason.NO_IMAGE,
                f"{self.path.name} holds records in {len(self.head.shape)} dimensions, where one is expected.",
            )
        numeric = [
            name for name in names if dtype[name].base.kind in "iuf" and dtype[name].base.itemsize <= 8
        ]
        scalars = [name for name in numeric if not dtype[name].shape]
        depth = scalars[depth_among(scalars, self.path.name)]
        rows = [name for name in numeric if len(dtype[name].shape) == 1]
        if rows:
            return [
                self._image(
                    "" if len(rows) == 1 else name,
                    depth,
                    dtype[name].shape[0],
                    "any",
                    partial(_field, depth, name),
                )
                for name in rows
            ]
        others = [name for name in scalars if name != depth]
        pixels = [others[place] for place in image_columns(others, self.settings)]
        split = partial(_fields, depth, pixels)
        return [self._image("", depth, len(pixels), self.settings.source_width, split)]

    def _image(self, channel: str, depth: str, width: int, expected: Width, split: Split) -> FoundImage:
        check_width(width, expected, f"The array has {width} pixels beside {depth}")
        blocks = partial(_blocks, self.path, self.head, split)
        source = partial(
            ArraySource,
            blocks,
            width=width,
            depth_name=depth,
            depth_unit=unit_in_name(depth),
            null_values=self.settings.null_values,
        )
        return FoundImage(channel, Metadata(), source, self.head.shape[0])


def _blocks(path: Path, head: ArrayHead, split: Split, rows: int) -> Iterator[Block]:
    total = head.shape[0]
    rows = rows_at_once(rows, head.size // max(1, total) // 8)
    for first in range(0, total, rows):
        yield split(read_rows(path, head, first, rows))


def _first_and_others(array: npt.NDArray[Any]) -> Block:
    return as_float64(array[:, 0]), as_float64(array[:, 1:])


def _field(depth: str, pixels: str, array: npt.NDArray[Any]) -> Block:
    return as_float64(array[depth]), as_float64(array[pixels])


def _fields(depth: str, pixels: Sequence[str], array: npt.NDArray[Any]) -> Block:
    return as_float64(array[depth]), np.column_stack([as_float64(array[name]) for name in pixels])
