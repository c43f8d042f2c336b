"""What the arrays of a shard are made of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tiledb

from app.storage.arrays.context import context, translated
from app.storage.arrays.layout import ARRAYS, DEPTH

ARRAY_TILE_ROWS = 256
DEPTH_TILE_ROWS = 16_384
MAX_ROWS = 2**40


def make_shard(folder: Path, width: int) -> None:
    """The group and its arrays, all empty, on a local disk. width: pixels of a row. Raises StorageUnavailable."""
    with translated():
        tiledb.Group.create(str(folder), ctx=context())
        for name in ARRAYS:
            schema = _depth_schema() if name == DEPTH else _values_schema(width)
            tiledb.Array.create(str(folder / name), schema, ctx=context())
        with tiledb.Group(str(folder), "w", ctx=context()) as group:
            for name in ARRAYS:
                group.add(name, name=name, relative=True)


def _dimension(name: str, size: int, tile: int) -> tiledb.Dim:
    return tiledb.Dim(name, domain=(0, size - 1), tile=tile, dtype=np.int64, ctx=context())


def _attribute(name: str, dtype: type[np.floating]) -> tiledb.Attr:
    return tiledb.Attr(
        name,
        dtype=dtype,
        fill=np.nan,
        filters=tiledb.FilterList([tiledb.BitShuffleFilter(), tiledb.ZstdFilter(level=1)]),
        ctx=context(),
    )


def _values_schema(width: int) -> tiledb.ArraySchema:
    domain = tiledb.Domain(
        _dimension("image_id", 2**31, 1),
        _dimension("depth_index", MAX_ROWS, ARRAY_TILE_ROWS),
        _dimension("pixel_index", width, width),
        ctx=context(),
    )
    return tiledb.ArraySchema(domain=domain, attrs=[_attribute("value", np.float32)], ctx=context())


def _depth_schema() -> tiledb.ArraySchema:
    domain = tiledb.Domain(
        _dimension("image_id", 2**31, 1),
        _dimension("depth_index", MAX_ROWS, DEPTH_TILE_ROWS),
        ctx=context(),
    )
    return tiledb.ArraySchema(domain=domain, attrs=[_attribute("depth", np.float64)], ctx=context())
