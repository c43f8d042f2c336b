"""What `numpy.load` reads: the pixels alone as `.npy`, or depths and pixels by name as `.npz`."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from zipfile import ZipFile, ZipInfo

import numpy as np

from app.rendering.exports.outbox import Outbox
from app.rendering.exports.table import Pieces, Table, Values, pieces


def npy(table: Table, blocks: Iterable[Values]) -> Pieces:
    """float32 (n, width), NaN where null."""
    yield _header("<f4", (table.rows, table.width))
    for values in blocks:
        yield _bytes(values)


def npy_length(table: Table) -> int:
    return len(_header("<f4", (table.rows, table.width))) + table.rows * table.width * 4


def npz(table: Table, blocks: Iterable[Values]) -> Pieces:
    """`depth` float64 (n,), `pixels` float32 (n, width), NaN where null, `about`, a text of JSON."""
    out = Outbox()
    with ZipFile(out, "w") as archive:
        about = io.BytesIO()
        np.save(about, np.array(json.dumps(table.about)))
        archive.writestr(ZipInfo("about.npy"), about.getvalue())
        with archive.open(ZipInfo("depth.npy"), "w", force_zip64=True) as member:
            member.write(_header("<f8", (table.rows,)))
            for piece in pieces(table.depths):
                member.write(piece)
                yield out.take()
        with archive.open(ZipInfo("pixels.npy"), "w", force_zip64=True) as member:
            member.write(_header("<f4", (table.rows, table.width)))
            for values in blocks:
                member.write(_bytes(values))
                yield out.take()
    yield out.take()


def _bytes(values: Values) -> bytes:
    return np.ascontiguousarray(values, dtype="<f4").tobytes()


def _header(kind: str, shape: tuple[int, ...]) -> bytes:
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": kind, "fortran_order": False, "shape": shape})
    return head.getvalue()
