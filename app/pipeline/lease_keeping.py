"""Keeping a lease while one process works on a job by itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from app.errors import CatalogUnavailable
from app.pipeline.workplace import Workplace
from app.storage.catalog.leases import RENEWAL_SECONDS, Lease


@contextmanager
def kept(place: Workplace, lease: Lease) -> Iterator[None]:
    """A file may be hashed, or wait for its storage, for longer than its lease holds by itself."""
    done = threading.Event()

    def renew() -> None:
        while not done.wait(RENEWAL_SECONDS):
            with suppress(CatalogUnavailable):
                place.jobs.renew([lease], time.time())

    renewer = threading.Thread(target=renew, name="lease", daemon=True)
    renewer.start()
    try:
        yield
    finally:
        done.set()
        renewer.join()
