"""Palette indices → PNG.

Written here rather than by Pillow, which never filters a palette image. Our palettes are ordered by value, so
a pixel's index is near its neighbour's: the Sub filter makes small numbers of them. Measured on windows of
84 x 150 of a real image, against Pillow at its fastest level: 28 % fewer bytes. Intel's ISA-L compresses them in
31 µs, where zlib takes 129 and its run-length strategy 171, to as many bytes within half a percent.
"""

from __future__ import annotations

import struct
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from isal import isal_zlib

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_BITS_PER_INDEX = 8
_PALETTE_COLOUR = 3
LEVEL = 1
_FILTER_SUB = 1
_FILTER_UP = 2


def encode_png(
    indices: npt.NDArray[np.uint8], palette: npt.NDArray[np.uint8], *, rows_repeat: bool = False
) -> bytes:
    """A PNG of palette indices, one picture row per row.

    indices: uint8 (n, w), n and w ≥ 1. palette: uint8 (256, 4), RGBA. rows_repeat: many rows are like the one
    above them, which is worth looking for: it makes the picture smaller.
    """
    height, width = indices.shape
    header = struct.pack(">IIBBBBB", width, height, _BITS_PER_INDEX, _PALETTE_COLOUR, 0, 0, 0)
    return b"".join(
        (
            _SIGNATURE,
            _chunk(b"IHDR", header),
            _palette_chunks(palette.tobytes()),
            _chunk(b"IDAT", isal_zlib.compress(_filter(indices, rows_repeat), LEVEL)),
            _END,
        )
    )


@lru_cache(maxsize=64)
def _palette_chunks(rgba: bytes) -> bytes:
    colours = np.frombuffer(rgba, dtype=np.uint8).reshape(-1, 4)
    return _chunk(b"PLTE", colours[:, :3].tobytes()) + _chunk(b"tRNS", colours[:, 3].tobytes())


def _filter(indices: npt.NDArray[np.uint8], rows_repeat: bool) -> npt.NDArray[np.uint8]:
    """The scanlines (PNG 3rd edition, 9.2): uint8 (n, w + 1), the filter's number and the differences.

    Each pixel less its left neighbour; but where rows repeat, one equal to the row above less that one, which
    leaves zeros.
    """
    height, width = indices.shape
    lines = np.empty((height, width + 1), dtype=np.uint8)
    lines[:, 0] = _FILTER_SUB
    lines[:, 1] = indices[:, 0]
    np.subtract(indices[:, 1:], indices[:, :-1], out=lines[:, 2:])
    if rows_repeat:
        repeated = (indices[1:] == indices[:-1]).all(axis=1)
        lines[1:, 0][repeated] = _FILTER_UP
        lines[1:, 1:][repeated] = 0
    return lines


def _chunk(name: bytes, data: bytes) -> bytes:
    checksum = isal_zlib.crc32(data, isal_zlib.crc32(name))
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", checksum)


_END = _chunk(b"IEND", b"")
