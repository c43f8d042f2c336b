"""What a file's content is, in one pass: its hash, and where its lines lie."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

import numpy as np

PIECE_BYTES = 1 << 20


@dataclass(frozen=True)
class Fingerprint:
    """newlines: of each PIECE_BYTES of the file, in order."""

    sha256: str
    size_bytes: int
    newlines: tuple[int, ...]

    @property
    def lines(self) -> int:
        """How many ends of lines the file has."""
        return sum(self.newlines)


def fingerprint(path: Path) -> Fingerprint:
    """Raises OSError where the file cannot be read."""
    digest = hashlib.sha256()
    size = 0
    newlines = []
    piece = memoryview(bytearray(PIECE_BYTES))
    codes = np.frombuffer(piece, dtype=np.uint8)
    with path.open("rb", buffering=0) as file:
        while filled := _fill(file, piece):
            digest.update(piece[:filled])
            size += filled
            newlines.append(int(np.count_nonzero(codes[:filled] == ord("\n"))))
    return Fingerprint(digest.hexdigest(), size, tuple(newlines))


def _fill(file: FileIO, piece: memoryview) -> int:
    """Read until the piece is full or the file ends: a read may return less than was asked for."""
    filled = 0
    while filled < len(piece) and (count := file.readinto(piece[filled:])):
        filled += count
    return filled
