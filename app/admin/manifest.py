"""A backup's manifest: written last, it names every file with its size and SHA-256."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from app.errors import CommandRefused
from app.ingestion.fingerprint import Fingerprint, fingerprint

MANIFEST = "manifest.json"
FORMAT = 1
PIECE_BYTES = 1 << 20


@dataclass(frozen=True)
class Manifest:
    """files: by path below the backup. revision: the catalog's schema; None where the catalog is not in it."""

    created_at: str
    product: str
    revision: str | None
    images: int
    files: dict[str, Fingerprint]
    format: int = FORMAT

    @classmethod
    def read(cls, backup: Path) -> Manifest:
        """Raises CommandRefused."""
        path = backup / MANIFEST
        try:
            said = json.loads(path.read_text())
            if said["format"] != FORMAT:
                raise CommandRefused(f"{path} is of format {said['format']}; this version knows {FORMAT}")
            return cls(
                **said | {"files": {name: Fingerprint(**file) for name, file in said["files"].items()}}
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CommandRefused(f"{path} is not a backup's manifest: {error}") from error

    def write(self, backup: Path) -> None:
        (backup / MANIFEST).write_text(json.dumps(asdict(self), indent=1, sort_keys=True))

    def damaged(self, backup: Path) -> Iterator[tuple[str, str | None]]:
        """Every file's name, and what is wrong with it, if anything."""
        for name, expected in self.files.items():
            try:
                found = fingerprint(backup / name)
            except OSError as error:
                yield name, str(error)
                continue
            yield name, None if found == expected else "is not what was backed up: its hash is another"


def copy(source: Path, target: Path) -> Fingerprint:
    """Copy a file, and tell what was copied. Raises OSError."""
    digest, size = hashlib.sha256(), 0
    target.parent.mkdir(parents=True, exist_ok=True)
    with source.open("rb") as read, target.open("xb") as written:
        while piece := read.read(PIECE_BYTES):
            digest.update(piece)
            written.write(piece)
            size += len(piece)
    return Fingerprint(digest.hexdigest(), size)
