"""One catalog, one data folder: files dropped into another would wait for a host that never looks there.

Where there is a landing zone, that is the way in, and each machine may have a data folder of its own.
"""

from __future__ import annotations

import time

from app.errors import StorageUnavailable
from app.pipeline.lock import Lock
from app.pipeline.workplace import Workplace
from app.storage.catalog.tables import Job

SECONDS_TO_TELL = 3.0
"""For which a host that has just got the lock may not have told of its folder yet."""


class OtherDataFolder(RuntimeError):
    """The living host of this catalog watches another data folder than ours."""


def told_on_the_board(place: Workplace) -> str:
    return str(place.settings.data_dir.resolve())


def require_claim_here(place: Workplace, job: Job) -> None:
    """Raises StorageUnavailable where the job's file was taken from a data folder that is not ours."""
    if job.claim and place.settings.landing_uri is not None and not place.folders.holds(job.claim):
        raise StorageUnavailable(
            f"{job.name} was taken from the data folder of another machine, and waits for that"
        )


def require_the_hosts_data_folder(place: Workplace, lock: Lock) -> None:
    """The lock is held afterwards if nobody hosts. Raises OtherDataFolder, CatalogUnavailable, OSError."""
    ours = told_on_the_board(place)
    until = time.monotonic() + SECONDS_TO_TELL
    while not lock.acquire():
        theirs = place.board.read().data_dir
        if theirs == ours or place.settings.landing_uri is not None:
            return
        if time.monotonic() > until:
            if theirs is None:
                return
            raise OtherDataFolder(
                f"a running server with the same catalog watches the data folder {theirs}, not {ours}: set "
                "BOREHOLE_DATA_DIR to the same folder, or BOREHOLE_DB_DIR, too, for a server of its own"
            )
        time.sleep(0.02)
