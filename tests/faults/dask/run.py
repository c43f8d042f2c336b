"""Many small files through a Dask cluster that keeps dying, and the reckoning afterwards."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from app.pipeline.workplace import Workplace
from app.storage.arrays.reading import RowReader
from tests.builders import eventually, settings_in
from tests.dask_cluster import DaskCluster
from tests.faults.cluster import Cluster
from tests.faults.contents import Content
from tests.faults.run import Outcome, reckon, wait_for_rest

WORKERS = 2
ROWS = 100
COLUMNS = 8
BAD_EVERY = 100
IN_LINE = 200
"""So many files wait at a time, at most."""


def run(
    folder: Path, database_url: str, files: int, seed: int, pause: float, tell: Callable[[str], None]
) -> Outcome:
    """folder: empty. pause: the mean time between two deaths, in seconds."""
    chance = random.Random(seed)
    dask = DaskCluster(folder / "dask")
    servers = Cluster(folder, database_url, dask.address)
    servers.servers = list(servers.apis)
    outcome = Outcome()
    dropped: dict[str, Content] = {}
    (folder / "data").mkdir()
    try:
        dask.start_scheduler()
        for _ in range(WORKERS):
            dask.add_worker(settings_in(folder, database_url=database_url))
        servers.start()
        servers.wait_until_up()
        whole = {"count": WORKERS, "scheduler": dask.address}
        eventually(lambda: told_of_workers(servers) == whole, "the status tells of the workers", 60)
        began = time.monotonic()
        next_death = began + pause
        while len(dropped) < files or in_line(servers):
            while len(dropped) < files and in_line(servers) < IN_LINE // 2:
                for _ in range(min(IN_LINE // 2, files - len(dropped))):
                    name, content = file_of(len(dropped))
                    dropped[name] = content
                    (folder / "data" / name).write_bytes(content.text)
                tell(f"{time.monotonic() - began:.0f} s, {len(dropped)} files")
            if time.monotonic() >= next_death:
                next_death = time.monotonic() + chance.uniform(0.0, 2 * pause)
                kill(dask, servers, chance, outcome)
            servers.start()
            dask.revive()
            time.sleep(0.2)  # nothing is waited for: files come in, and processes die
        wait_for_rest(servers, outcome, 120)
        outcome.seconds = round(time.monotonic() - began, 1)
    finally:
        servers.stop()
        dask.stop()
    reckon(folder, dropped, outcome, database_url)
    outcome.wrong += damaged(folder, database_url)
    return outcome


def kill(dask: DaskCluster, servers: Cluster, chance: random.Random, outcome: Outcome) -> None:
    """SIGKILL to a worker, mostly; else to a server, or to the scheduler, which is started again."""
    what = chance.choices(("worker", "server", "scheduler"), (8, 1, 1))[0]
    if what == "worker":
        outcome.killed_workers += dask.kill_a_worker(chance)
    elif what == "server":
        outcome.killed_servers += servers.kill_a_server(chance)
    else:
        dask.kill_scheduler()
        dask.start_scheduler()
        outcome.killed_schedulers += 1


def in_line(servers: Cluster) -> int:
    """Files on their way; more than any bound while nobody can say."""
    status = servers.ask("/pipeline/status")
    return status["waiting"] + status["queued"] + len(status["active"]) if status else IN_LINE


def told_of_workers(servers: Cluster) -> object:
    status = servers.ask("/pipeline/status")
    return status and status["workers"]


def file_of(number: int) -> tuple[str, Content]:
    """Each of its own content, its pixels all the number of the file; now and then one is bad."""
    bad = number % BAD_EVERY == BAD_EVERY - 1
    pixels = ",".join([str(number)] * COLUMNS)
    rows = [f"{1000 + row / 10},{pixels}" for row in range(ROWS)]
    rows[-1] += "x" if bad else ""
    header = ",".join(["depth", *(f"col{column}" for column in range(COLUMNS))])
    text = "\n".join([header, *rows, ""]).encode()
    return f"{number}.csv", Content(text, None if bad else {"": b""}, ".csv")


def damaged(folder: Path, database_url: str) -> list[str]:
    """The images that are not what their files were."""
    place = Workplace.open(settings_in(folder, database_url=database_url))
    reader = RowReader(place.arrays, cache_bytes=0)
    found = []
    for image in place.images.page(limit=1_000_000)[0]:
        values = reader.rows(image.id, 0, 0, image.rows)
        number = float(Path(image.name).stem)
        if image.rows != ROWS or not np.allclose(values, number, rtol=1e-3, atol=1e-3):
            found.append(image.name)
    reader.close()
    place.catalog.close()
    return found
