"""What a file's content is, in one pass each: its hash, and where its lines end."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

PIECE_BYTES = 1 << 20


@dataclass(frozen=True)
class Fingerprint:
    sha256: str
    size_bytes: int


@dataclass(frozen=True)
class LineEnds:
    """newlines: how many each PIECE_BYTES of the file hold, in order. open_line: the last line has no end."""

    newlines: tuple[int, ...]
    open_line: bool

    @property
    def lines(self) -> int:
        return sum(self.newlines) + self.open_line


def fingerprint(path: Path) -> Fingerprint:
    """Raises OSError where the file cannot be read."""
    digest = hashlib.sha256()
    size = 0
    for piece in _pieces(path):
        digest.update(piece)
        size += len(piece)
    return Fingerprint(digest.hexdigest(), size)


def line_ends(path: Path) -> LineEnds:
    """Raises OSError where the file cannot be read."""
    newlines = []
    last = ord("\n")
    for piece in _pieces(path):
        codes = np.frombuffer(piece, dtype=np.uint8)
        newlines.append(int(np.count_nonzero(codes == ord("\n"))))
        last = int(codes[-1])
    return LineEnds(tuple(newlines), open_line=last != ord("\n"))


def _pieces(path: Path) -> Iterator[memoryview]:
    """The file, PIECE_BYTES at a time; each piece is valid until the next is asked for."""
    piece = memoryview(bytearray(PIECE_BYTES))
    with path.open("rb") as file:  # buffered: a piece is only short at the end
        while filled := file.readinto(piece):
            yield piece[:filled]
