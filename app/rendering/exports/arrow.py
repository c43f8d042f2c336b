"""The Arrow IPC stream: a schema, a record batch for each block, an end mark that a broken-off one lacks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from app.rendering.exports.outbox import Outbox
from app.rendering.exports.table import Depths, Pieces, Table, Values

# Loaded with the first file that needs it: a server that makes none is smaller, and starts sooner.
if TYPE_CHECKING:
    import nanoarrow


def arrow(table: Table, blocks: Iterable[Values]) -> Pieces:
    """Columns `depth` float64 and `p1` … float32, nulls as nulls. The schema's metadata says what the image is."""
    from nanoarrow.ipc import StreamWriter

    out, shape = Outbox(), schema(table)
    with StreamWriter.from_writable(out) as writer:
        for depths, values in table.with_depths(blocks):
            writer.write_array(batch(shape, depths, values))
            yield out.take()
    yield out.take()


def schema(table: Table) -> nanoarrow.c_schema.CSchema:
    import nanoarrow

    kinds = [nanoarrow.float64(nullable=False), *[nanoarrow.float32()] * table.width]
    fields = dict(zip(table.columns, kinds, strict=True))
    return nanoarrow.c_schema(nanoarrow.struct(fields)).modify(metadata=table.about)


def batch(shape: nanoarrow.c_schema.CSchema, depths: Depths, values: Values) -> nanoarrow.c_array.CArray:
    """A record batch: depths float64 (n,), values float32 (n, width), NaN where null."""
    import nanoarrow

    columns = np.ascontiguousarray(values.T)
    null = np.isnan(columns)
    present = np.packbits(~null, axis=1, bitorder="little")
    nulls = null.sum(axis=1).tolist()
    depth, *pixels = (shape.child(column) for column in range(shape.n_children))
    children = [nanoarrow.c_array_from_buffers(depth, len(depths), [None, np.ascontiguousarray(depths)], 0)]
    for kind, column, bits, count in zip(pixels, columns, present, nulls, strict=True):
        buffers = [bits if count else None, column]
        children.append(nanoarrow.c_array_from_buffers(kind, len(depths), buffers, count))
    return nanoarrow.c_array_from_buffers(shape, len(depths), [None], 0, children=children, move=True)
