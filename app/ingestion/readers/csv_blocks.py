"""A file in pieces of whole lines, each with the number of its first line."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from app.errors import FileError, Reason

LONGEST_LINE = 16 * 1024 * 1024
"""Bytes. A longer line is no row of an image, and must not be held in memory to be told so."""


def count_byte(block: bytes, byte: bytes) -> int:
    """`block.count(byte)`, three to ten times as fast (*measured*)."""
    return int(np.count_nonzero(np.frombuffer(block, dtype=np.uint8) == ord(byte)))


def line_blocks(
    file: BinaryIO, first_line: int, size: int, stop: int | None = None
) -> Iterator[tuple[bytes, int]]:
    """Blocks of about `size` bytes, cut after a newline, from where the file stands to byte `stop` or its end.

    Yields the block and the number of its first line; the last block may lack the newline at its end.
    Raises FileError for a line that is longer than LONGEST_LINE.
    """
    line = first_line
    started: list[bytes] = []  # the pieces of a line whose end has not been read yet
    left = sys.maxsize if stop is None else stop - file.tell()
    while piece := file.read(min(size, left)):
        left -= len(piece)
        end = piece.rfind(b"\n") + 1
        if not end:
            started.append(piece)
            if sum(map(len, started)) > LONGEST_LINE:
                raise FileError(
                    Reason.RAGGED_ROW,
                    f"Line {line} is longer than {LONGEST_LINE >> 20} MiB: it is not a row of an image.",
                    row=line,
                )
            continue
        block = b"".join([*started, piece[:end]])
        started = [piece[end:]] if end < len(piece) else []
        yield block, line
        line += count_byte(block, b"\n")
    if started:
        yield b"".join(started), line
