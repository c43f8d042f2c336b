"""Files under `db/cache/` that could be made again: shared by all processes, safe to delete at any time."""

from __future__ import annotations

import logging
import os
import secrets
from contextlib import suppress
from pathlib import Path

log = logging.getLogger("borehole.storage")

KEPT_AFTER_EVICTION = 0.8


class KeptFiles:
    """Bounded in bytes; the least recently used go first. A name stands for one content for ever."""

    def __init__(self, folder: Path, capacity_bytes: int) -> None:
        self.folder = folder
        self.capacity_bytes = capacity_bytes
        self._written_since_count = capacity_bytes  # count before the first is kept

    def find(self, name: str) -> Path | None:
        """The file, which may be gone in the next moment; used from now on."""
        file = self.folder / name
        try:
            os.utime(file)
        except OSError:
            return None
        return file

    def put(self, name: str, content: bytes) -> None:
        """Keep it if that is possible: a full disk is no reason not to answer."""
        draft = self.folder / f".{secrets.token_hex(8)}"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            draft.write_bytes(content)
            draft.replace(self.folder / name)
            self._written_since_count += len(content)
            if self._written_since_count > self.capacity_bytes * (1 - KEPT_AFTER_EVICTION):
                self._evict()
        except OSError as error:
            log.warning("%s could not be kept: %s", name, error)
            with suppress(OSError):
                draft.unlink()

    def _evict(self) -> None:
        self._written_since_count = 0
        with os.scandir(self.folder) as entries:
            files = sorted(
                (entry.stat().st_mtime, entry.stat().st_size, entry.path)
                for entry in entries
                if entry.is_file(follow_symlinks=False)
            )
        held = sum(size for _, size, _ in files)
        if held <= self.capacity_bytes:
            return
        excess = held - self.capacity_bytes * KEPT_AFTER_EVICTION
        for _, size, path in files:
            if excess <= 0:
                break
            Path(path).unlink(missing_ok=True)
            excess -= size
