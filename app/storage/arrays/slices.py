"""Rows of one image into an array on a local disk, and out of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy.typing as npt
import tiledb

from app.storage.arrays.context import context, translated

Rows = npt.NDArray[Any]
"""Rows of a level, float32 (n, width), or depths, float64 (n,)."""


def write_rows(path: Path, image_id: int, start: int, values: Rows) -> None:
    """The rows start … start + n − 1, as a fragment at the timestamp that is the image's id.

    Raises StorageUnavailable.
    """
    with translated(), tiledb.open(str(path), "w", timestamp=image_id, ctx=context()) as array:
        array[image_id, start : start + len(values)] = values


def read_rows(array: tiledb.Array, image_id: int, start: int, stop: int) -> Rows:
    """The rows start … stop − 1, NaN where none were written. Raises tiledb.TileDBError."""
    values: Rows = array[image_id, start:stop][array.attr(0).name]
    return values.reshape(stop - start, *array.shape[2:])
