"""TIFF of float32 samples, not compressed: where everything lies is known at once, so the directory comes first.

Depths stand behind the pixels, in a private tag; what is known of the image is JSON in the description; nulls are
NaN, which GDAL_NODATA tells. A file that passes 4 GB is a BigTIFF.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from app.rendering.exports.table import Pieces, Table, Values, pieces

DEPTH_TAG = 65_000
GDAL_NODATA = 42_113
ROWS_PER_STRIP = 512
LARGEST_CLASSIC = 2**32 - 2**20

ASCII, SHORT, LONG, DOUBLE, LONG8 = 2, 3, 4, 12, 16
CODES = {ASCII: "s", SHORT: "H", LONG: "I", LONG8: "Q"}


@dataclass(frozen=True)
class _Widths:
    """What differs between the two kinds of TIFF."""

    start: bytes
    count: str
    entry: str
    inline: int
    offsets: int


CLASSIC = _Widths(struct.pack("<2sHI", b"II", 42, 8), "H", "HHII", 4, LONG)
BIG = _Widths(struct.pack("<2sHHHQ", b"II", 43, 8, 0, 16), "Q", "HHQQ", 8, LONG8)


def tiff(table: Table, blocks: Iterable[Values]) -> Pieces:
    yield _head(table)
    for values in blocks:
        yield np.ascontiguousarray(values, dtype="<f4").tobytes()
    yield from pieces(table.depths)


def tiff_length(table: Table) -> int:
    return len(_head(table)) + _row_bytes(table) * table.rows + 8 * table.rows


def _row_bytes(table: Table) -> int:
    return 4 * table.width


def _head(table: Table) -> bytes:
    strips = -(-table.rows // ROWS_PER_STRIP)
    about = (_row_bytes(table) + 8) * table.rows + 16 * strips
    kind = CLASSIC if about < LARGEST_CLASSIC else BIG
    size = len(_directory(table, kind, 0))  # which is the same wherever the pixels begin
    return _directory(table, kind, size)


def _directory(table: Table, kind: _Widths, pixels_at: int) -> bytes:
    rows = [min(ROWS_PER_STRIP, table.rows - start) for start in range(0, table.rows, ROWS_PER_STRIP)]
    sizes = [_row_bytes(table) * count for count in rows]
    offsets = list(accumulate(sizes, initial=pixels_at))
    tags: list[tuple[int, int, bytes | list[int]]] = [
        (256, LONG, [table.width]),
        (257, LONG, [table.rows]),
        (258, SHORT, [32]),  # bits of a sample
        (259, SHORT, [1]),  # not compressed
        (262, SHORT, [1]),  # the least value is black
        (270, ASCII, json.dumps(table.about).encode() + b"\0"),
        (273, kind.offsets, offsets[:-1]),
        (277, SHORT, [1]),  # samples of a pixel
        (278, LONG, [ROWS_PER_STRIP]),
        (279, kind.offsets, sizes),
        (339, SHORT, [3]),  # floating point
        (GDAL_NODATA, ASCII, b"nan\0"),
    ]
    offset_code = CODES[kind.offsets]
    entry_bytes = struct.calcsize(f"<{kind.entry}")
    at = len(kind.start) + struct.calcsize(f"<{kind.count}") + (len(tags) + 1) * entry_bytes + kind.inline
    entries, beside = [], b""
    for tag, sort, given in tags:
        packed = given if isinstance(given, bytes) else struct.pack(f"<{len(given)}{CODES[sort]}", *given)
        place = packed.ljust(kind.inline, b"\0")
        if len(packed) > kind.inline:
            place = struct.pack(f"<{offset_code}", at + len(beside))
            beside += packed + b"\0" * (-len(packed) % 8)
        entries.append(struct.pack(f"<HH{offset_code}", tag, sort, len(given)) + place)
    entries.append(struct.pack(f"<{kind.entry}", DEPTH_TAG, DOUBLE, table.rows, offsets[-1]))
    head = kind.start + struct.pack(f"<{kind.count}", len(entries)) + b"".join(entries) + b"\0" * kind.inline
    return (head + beside).ljust(-(-(len(head) + len(beside)) // 8) * 8, b"\0")
