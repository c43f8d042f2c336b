"""A mixed load of 100 requests/s for two minutes (`--minutes`): windows never asked before as pictures and as
JSON, whole wells at many heights, lists and status; and every five seconds another file comes in and the last
one is deleted. Resident size is sampled twice a second, that of the server and that of its ingestion workers
together. The image is larger than the cache of blocks, so that it is full and turns over, as is that of answers.
Flat: the last quarter of the time against the third. The base is what the server holds after a few answers of
every kind about a small image.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import statistics
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import samples
from benchmarks.arrivals import arrive, forget
from benchmarks.pacing import paced
from benchmarks.processes import family, resident
from benchmarks.run import Run
from benchmarks.servers import Server, product
from benchmarks.table import Invalid, Pair, Row, at_most
from benchmarks.windows import IMAGE_PATH, JSON_PATH, Windows

PER_SECOND = 100
SECONDS_BETWEEN_FILES = 5.0
SECONDS_BETWEEN_SAMPLES = 0.5
MEGABYTE = 1e6
WELL, SMALL = 1, 2
ELSEWHERE = ("/images", "/stats", "/pipeline/status", "/pipeline/history", "/health", "/colormaps")


class Sample(NamedTuple):
    """Resident bytes."""

    server: int
    workers: int


def memory(run: Run) -> Iterator[Row]:
    folder = run.folder("memory")
    well = samples.demo_csv(run.cache, run.well_rows)
    samples.store(folder, [well, samples.demo_csv(run.cache, samples.FRAME_ROWS, seed=1)])
    blocks, answers = (size * 1024 * 1024 for size in ((64, 16) if run.quick else (256, 64)))
    minutes = min(run.minutes, 0.5) if run.quick else run.minutes
    name = f"{minutes:g} min of mixed load"
    with product(folder, cache_bytes=blocks, answer_cache_bytes=answers, stable_seconds=0.2) as server:
        client = server.client()
        images = [client.json(f"/images/{number}") for number in (WELL, SMALL)]
        client.close()
        try:
            asyncio.run(paced(server.url, islice(_mixed(images[1]), 300), PER_SECOND, asyncio.Event()))
            base = resident(server.pid)
            taken = asyncio.run(_load(run, server, _mixed(images[0]), minutes * 60))
        except Invalid as reason:
            yield Row(name, "", "MB", at_most(1), [], str(reason))
            return
    for what, sizes in (
        ("the server", [sample.server for sample in taken]),
        ("its workers", [sample.workers for sample in taken]),
    ):
        pair = Pair(*(size / MEGABYTE for size in quarters(sizes)))
        yield Row(f"{what} in {name}, the last quarter", "the third quarter", "MB", at_most(1.05), [pair])
    above = Pair((blocks + answers) / MEGABYTE, (max(sample.server for sample in taken) - base) / MEGABYTE)
    yield Row(
        f"the server at most, above its base of {base / MEGABYTE:.0f} MB",
        "bounds of both caches",
        "MB",
        at_most(1),
        [above],
    )


def quarters(sizes: list[int]) -> tuple[float, float]:
    """Means of the third and of the last quarter."""
    quarter = max(1, len(sizes) // 4)
    return statistics.mean(sizes[-2 * quarter : -quarter]), statistics.mean(sizes[-quarter:])


def _mixed(image: dict[str, Any]) -> Iterator[str]:
    chance = random.Random(0)
    pictures = Windows.of(image).paths(IMAGE_PATH.format(id=image["image_id"]))
    numbers = Windows.of(image).paths(JSON_PATH.format(id=image["image_id"]))
    whole = IMAGE_PATH.format(id=image["image_id"]) % (image["depth_min"], image["depth_max"])
    for turn in itertools.count():
        if turn % 10 == 9:
            yield chance.choice(ELSEWHERE)
        elif turn % 10 == 8:
            yield f"{whole}&height={chance.randint(200, 1200)}"
        else:
            path = next(numbers if turn % 10 >= 6 else pictures, None)
            if path is None:
                raise Invalid("the image has no more windows: ask for a longer one")
            yield path


async def _load(run: Run, server: Server, paths: Iterator[str], seconds: float) -> list[Sample]:
    over = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, over.set)
    results = await asyncio.gather(
        _sampled(server, over),
        paced(server.url, paths, PER_SECOND, over),
        _files(server, run.folder("arriving"), over),
    )
    return results[0]


async def _sampled(server: Server, over: asyncio.Event) -> list[Sample]:
    taken = []
    while not over.is_set():
        workers = family(server.pid)[1:]
        taken.append(Sample(resident(server.pid), sum(map(resident, workers))))
        await asyncio.sleep(SECONDS_BETWEEN_SAMPLES)
    return taken


async def _files(server: Server, folder: Path, over: asyncio.Event) -> None:
    client = server.client()
    for number in itertools.count():
        (file,) = await asyncio.to_thread(samples.tiny_csvs, folder, number, 1, samples.FRAME_ROWS)
        arrival = await asyncio.to_thread(arrive, server, client, file, SECONDS_BETWEEN_SAMPLES)
        await asyncio.to_thread(forget, client, arrival)
        file.unlink()
        if over.is_set():
            return
        await asyncio.sleep(SECONDS_BETWEEN_FILES)
