"""The lock that makes one process of many the pipeline's host. With its holder's death it is free."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Protocol

from app.pipeline.workplace import Workplace
from app.storage.catalog.advisory_lock import AdvisoryLock

HOST_LOCK = 0x486F7374


class HostLock(Protocol):
    def acquire(self) -> bool:
        """Take the lock if it is free; whether we hold it now. Raises CatalogUnavailable, OSError: we do not."""

    def release(self) -> None: ...


def host_lock(place: Workplace) -> HostLock:
    """Among all who share the catalog: on this machine with SQLite, on all machines with PostgreSQL."""
    if place.catalog.on_postgresql:
        return AdvisoryLock(place.catalog, HOST_LOCK)
    return FileLock(place.settings.db_dir / "pipeline.lock")


class FileLock:
    """The kernel frees it when its holder dies; nobody else can take it before."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        if self._descriptor is not None:
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
