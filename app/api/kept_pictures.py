"""Pictures that were dear to draw, kept under `db/cache/` by their ETag, which names one content for ever."""

from __future__ import annotations

from pathlib import Path

from app.storage.kept_files import KeptFiles


class KeptPictures:
    """Bounded in bytes; the least recently used go first."""

    def __init__(self, folder: Path, capacity_bytes: int) -> None:
        self._files = KeptFiles(folder, capacity_bytes)

    def get(self, tag: str) -> bytes | None:
        file = self._files.find(_name(tag))
        try:
            return file.read_bytes() if file is not None else None
        except OSError:
            return None

    def put(self, tag: str, picture: bytes) -> None:
        self._files.put(_name(tag), picture)


def _name(tag: str) -> str:
    return tag.strip('"')
