"""What other processes do to a store or a catalog, and how to start them."""

from __future__ import annotations

import multiprocessing
import resource
import signal
from collections.abc import Callable
from typing import Any

import numpy as np

from app.settings import Settings
from app.storage.arrays.store import open_store
from app.storage.arrays.writing import ImageWriter
from app.storage.catalog.database import Catalog
from app.storage.catalog.pipeline import PipelineBoard
from tests.storage.builders import values_of

SPAWN = multiprocessing.get_context("spawn")  # TileDB does not survive a fork


def run_side_by_side(target: Callable[..., None], *arguments: tuple[Any, ...]) -> list[int | None]:
    """One process for each tuple of arguments, let go at the same moment; their exit codes."""
    barrier = SPAWN.Barrier(len(arguments))
    processes = [SPAWN.Process(target=target, args=(barrier, *own)) for own in arguments]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        process.kill()
        process.join()
    return [process.exitcode for process in processes]


def write_range(barrier: Any, settings: Settings, image_id: int, rows: int, start: int, stop: int) -> None:
    values = values_of(image_id, rows)
    barrier.wait(60)
    ImageWriter(open_store(settings), image_id).write_rows(0, start, values[start:stop])


def prepare_shard(barrier: Any, settings: Settings, image_id: int) -> None:
    store = open_store(settings)
    barrier.wait(60)
    store.prepare(image_id)


def open_catalog(barrier: Any, settings: Settings) -> None:
    barrier.wait(60)
    catalog = Catalog.open(settings)
    PipelineBoard(catalog).ask_for_scan()
    catalog.close()


def die_in_mid_write(barrier: Any, settings: Settings, image_id: int) -> None:
    """The kernel kills this process as soon as a file it writes outgrows half a megabyte."""
    noise = np.random.default_rng(0).normal(size=(16_384, 150)).astype(np.float32)
    writer = ImageWriter(open_store(settings), image_id)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**19, 2**19))
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    barrier.wait(60)
    writer.write_rows(0, 0, noise)
