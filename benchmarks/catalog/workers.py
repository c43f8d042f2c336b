"""Processes that lease jobs, and take them through all that the catalog is told of a file."""

from __future__ import annotations

import multiprocessing
import time
from multiprocessing.synchronize import Barrier

from sqlalchemy import delete

from app.pipeline.workplace import Workplace
from app.settings import Settings
from app.storage.catalog.leases import Lease
from app.storage.catalog.tables import Attempt, Event, Image, Job

SPAWN = multiprocessing.get_context("spawn")


def empty(place: Workplace) -> None:
    with place.catalog.writing() as session:
        for table in (Image, Attempt, Job, Event):
            session.execute(delete(table))


def measured(settings: Settings, what: str, processes: int) -> float:
    """Seconds until the queue is empty."""
    barrier = SPAWN.Barrier(processes + 1)
    workers = [SPAWN.Process(target=_work, args=(settings, what, barrier)) for _ in range(processes)]
    for worker in workers:
        worker.start()
    barrier.wait()
    began = time.perf_counter()
    for worker in workers:
        worker.join()
    return time.perf_counter() - began


def _work(settings: Settings, what: str, barrier: Barrier) -> None:
    place = Workplace.open(settings)
    barrier.wait()
    while found := place.jobs.lease_next("benchmark", 60.0, 1.0):
        if what == "files":
            _live(place, *found)
    place.catalog.close()


def _live(place: Workplace, job: Job, lease: Lease) -> None:
    place.jobs.note_content(lease, f"content of {job.id}", 1)
    image_id = place.images.begin(lease, 1.0)
    numbers = ("source_bytes", "row_bytes", "overview_bytes", "rows", "width", "source_width", "levels")
    columns = dict.fromkeys((*numbers, "dropped_rows"), 1)
    depths = ("depth_min", "depth_max", "step", "display_low", "display_high")
    columns |= dict.fromkeys(depths, 1.0)
    content = {"name": job.name, "sha256": f"content of {job.id}", "descending": False, "created_at": 1.0}
    image = Image(id=image_id, statistics={"histogram": [1] * 256}, settings={}, **columns, **content)
    place.images.commit(lease, 1.0, [image])
    place.jobs.reserve_target(lease, f"processed/{job.name}")
    place.jobs.settle(lease)
