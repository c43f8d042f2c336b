"""Locks between processes. With its holder's death each is free."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Protocol

from app.pipeline.workplace import Workplace
from app.settings import Settings
from app.storage.catalog.advisory_lock import AdvisoryLock

HOST_KEY = 0x486F7374


class Lock(Protocol):
    def acquire(self) -> bool:
        """Take the lock if it is free; whether we hold it now. Raises CatalogUnavailable, OSError: we do not."""

    def release(self) -> None: ...


class FileLock:
    """A file in `db/`; the kernel frees it when its holder dies, and nobody else can take it before."""

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
    """Makes one process of many on this machine the pipeline's host."""

    @classmethod
    def of(cls, settings: Settings) -> HostLock:
        return cls(settings.db_dir / "pipeline.lock")


class ErasingLock(FileLock):
    """Whoever erases deleted images holds it, and whoever copies the arrays: never both."""

    @classmethod
    def of(cls, settings: Settings) -> ErasingLock:
        return cls(settings.db_dir / "erasing.lock")


def host_lock(place: Workplace) -> Lock:
    """Makes one of all processes that share the catalog the host: on all machines, where it is on PostgreSQL."""
    if place.catalog.on_postgresql:
        return AdvisoryLock(place.catalog, HOST_KEY)
    return HostLock.of(place.settings)
