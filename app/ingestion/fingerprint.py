"""What a file's content is, in one pass: its hash, and about how many rows to expect."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

PIECE_BYTES = 1 << 20


@dataclass(frozen=True)
class Fingerprint:
    sha256: str
    size_bytes: int
    lines: int


def fingerprint(path: Path) -> Fingerprint:
    """Raises OSError where the file cannot be read."""
    digest = hashlib.sha256()
    size = lines = 0
    with path.open("rb", buffering=0) as file:
        while piece := file.read(PIECE_BYTES):
            digest.update(piece)
            size += len(piece)
            lines += piece.count(b"\n")
    return Fingerprint(digest.hexdigest(), size, lines)
