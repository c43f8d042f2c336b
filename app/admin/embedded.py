"""What of a server lies in `db/`, and having it for ourselves."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from app.errors import CommandRefused
from app.pipeline.lock import FileLock, HostLock
from app.settings import Settings

CATALOG = "catalog.sqlite"
ARRAYS = "arrays"
JOURNALS = ("-wal", "-shm", "-journal")
DOES_NOT_COUNT = frozenset({"cache", "pipeline.lock", "catalog.lock", "erasing.lock"})
PUT_ASIDE = "replaced-"
LOCK_SECONDS = 5.0


def catalog_file(settings: Settings) -> Path:
    """Raises CommandRefused where the catalog is a server's, which has tools of its own for this."""
    if settings.database_url is not None:
        raise CommandRefused(
            "the catalog is not a file of ours (BOREHOLE_DATABASE_URL): use pg_dump and pg_restore for it"
        )
    return settings.db_dir / CATALOG


@contextmanager
def nobody_else(settings: Settings) -> Iterator[None]:
    """No server runs on `db/` meanwhile; one that starts waits. Raises CommandRefused, OSError."""
    settings.db_dir.mkdir(parents=True, exist_ok=True)
    locks = [HostLock.of(settings), FileLock(settings.db_dir / "catalog.lock")]
    try:
        for lock in locks:
            if not acquired(lock):
                raise CommandRefused(f"a server is running on {settings.db_dir}: stop it first")
        yield
    finally:
        for lock in locks:
            lock.release()


def acquired(lock: FileLock) -> bool:
    """Whether we have it within a moment: some are held for a moment only."""
    deadline = time.monotonic() + LOCK_SECONDS
    while not lock.acquire():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def occupants(settings: Settings) -> list[Path]:
    """What lies in `db/` that must not be lost."""
    return sorted(
        path
        for path in settings.db_dir.iterdir()
        if path.name not in DOES_NOT_COUNT and not path.name.startswith((".", PUT_ASIDE))
    )


def put_aside(settings: Settings, paths: list[Path]) -> Path | None:
    """Move them into a folder of their own, which is returned; None where there is nothing to move."""
    if not paths:
        return None
    moment = datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%S.%fZ")
    folder = settings.db_dir / f"{PUT_ASIDE}{moment}"
    folder.mkdir()
    for path in paths:
        path.rename(folder / path.name)
    return folder
