"""Who does the work of a bulk ingestion."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from app.errors import CommandRefused
from app.pipeline.control import PipelineControl
from app.pipeline.data_folder import require_the_hosts_data_folder
from app.pipeline.host import PipelineHost
from app.pipeline.lock import host_lock
from app.pipeline.workplace import Workplace


@contextmanager
def somebody_at_work(place: Workplace) -> Iterator[str]:
    """Whoever hosts the pipeline, in words: a server, or else this process, which takes over should that one die.

    Raises CommandRefused where the pipeline has been told to stop, OtherDataFolder, CatalogUnavailable, OSError.
    """
    control = PipelineControl(place)
    lock = host_lock(place)
    try:
        require_the_hosts_data_folder(place, lock)
        alone = lock.acquire()
    finally:
        lock.release()
    board = place.board.read()
    if alone:
        control.start()  # also where a server that is gone had been told to stop
        workers = place.settings.scheduler or f"{place.settings.ingest_workers} processes"
        who = f"{workers} for this process, as no server hosts the pipeline"
    elif not board.wanted:
        raise CommandRefused("the pipeline has been told to stop: POST /pipeline/start first")
    else:
        who = f"the pipeline's host, {board.host}"
    host = PipelineHost(place)
    host.start()
    try:
        yield who
    finally:
        host.stop()
