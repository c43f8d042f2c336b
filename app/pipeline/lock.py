"""Locks between processes: files in `db/` that the kernel frees when their holder dies."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from app.settings import Settings


class FileLock:
    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    @property
    def held(self) -> bool:
        return self._descriptor is not None

    def acquire(self) -> bool:
        """Take the lock if it is free; whether we hold it."""
        if self.held:
            return True
        descriptor = os.open(self.path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        except OSError:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class HostLock(FileLock):
    """Makes one process of many the pipeline's host."""

    @classmethod
    def of(cls, settings: Settings) -> HostLock:
        return cls(settings.db_dir / "pipeline.lock")


class ErasingLock(FileLock):
    """Whoever erases deleted images holds it, and whoever copies the arrays: never both."""

    @classmethod
    def of(cls, settings: Settings) -> ErasingLock:
        return cls(settings.db_dir / "erasing.lock")
