"""50 requests/s, each due at its moment whatever became of the others, for windows of 84 rows never asked
before of a warm image: with the server at rest, and while it takes in a long file. Latency counts from the
moment a request was due.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from benchmarks import samples
from benchmarks.arrivals import arrive, forget
from benchmarks.ingesting import wake
from benchmarks.machine import settle_disk
from benchmarks.pacing import paced, percentile
from benchmarks.run import Run
from benchmarks.servers import Server, product
from benchmarks.table import Row, at_most, compared
from benchmarks.windows import IMAGE_PATH, Windows

PER_SECOND = 50
SHOWN_ROWS = 100_000
POLL_SECONDS = 0.5


def interference(run: Run) -> Iterator[Row]:
    folder = run.folder("interference")
    samples.store(folder, [samples.demo_csv(run.cache, SHOWN_ROWS, seed=1)])
    file = samples.demo_csv(run.cache, run.well_rows)
    with product(folder, stable_seconds=0.2) as server:
        client = server.client()
        paths = Windows.of(client.json("/images/1")).paths(IMAGE_PATH.format(id=1))
        client.close()
        wake(run, server, server.client())
        asyncio.run(_at_rest(server, paths, 5.0))
        settle_disk()
        yield compared(
            f"p99 of frames while {run.well_rows:,} rows are ingested",
            "p99 at rest",
            "ms",
            at_most(3),
            reference=lambda: percentile(asyncio.run(_at_rest(server, paths, 4 * run.seconds)), 0.99),
            ours=lambda: percentile(asyncio.run(_while_busy(server, paths, file)), 0.99),
            times=run.repetitions,
        )


async def _at_rest(server: Server, paths: Iterator[str], seconds: float) -> list[float]:
    return await paced(server.url, islice(paths, round(seconds * PER_SECOND)), PER_SECOND, asyncio.Event())


async def _while_busy(server: Server, paths: Iterator[str], file: Path) -> list[float]:
    """From the drop of the file until it is stored."""
    over = asyncio.Event()
    asking = asyncio.create_task(paced(server.url, paths, PER_SECOND, over))
    client = server.client()
    try:
        arrival = await asyncio.to_thread(arrive, server, client, file, POLL_SECONDS)
    finally:
        over.set()
    latencies = await asking
    forget(client, arrival)
    return latencies
