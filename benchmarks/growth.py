"""Two servers, one with 10 images, one with 2,000 (`--images`), all of 100 rows and stored one by one. Every
image is asked for once, so that the process has not touched it before; both servers have answered for one
other image. Pages have 10 entries on both sides. "One more file" goes from complete to stored, by the
server's account.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import samples
from benchmarks.arrivals import arrive
from benchmarks.ingesting import wake
from benchmarks.machine import settle_disk
from benchmarks.run import Run
from benchmarks.servers import Server, product
from benchmarks.table import Row, at_most, compared
from benchmarks.windows import IMAGE_PATH

FEW = 10
GOAL = at_most(1.5)


def growth(run: Run) -> Iterator[Row]:
    many_images = min(run.images, 200) if run.quick else run.images
    few, many = run.folder("few"), run.folder("many")
    files = samples.tiny_csvs(run.folder("tiny"), 0, many_images)
    samples.store(few, files[:FEW])
    samples.store(many, files)
    settle_disk()
    yield _starts(run, few, many, many_images)
    with product(few, stable_seconds=0.1) as small, product(many, stable_seconds=0.1) as large:
        for server in (small, large):
            wake(run, server, server.client())
        yield _row(
            "first frame of an image not touched yet",
            many_images,
            *_first_frames(small, large, many_images),
            FEW - 1,
        )
        yield _row("/images?limit=10", many_images, *_pages(small, large), 20 * run.repetitions)
        yield _row("one more file", many_images, *_files(run, small, large), run.repetitions)


def _row(what: str, images: int, few: Callable[[], float], many: Callable[[], float], times: int) -> Row:
    return compared(
        f"{what}, {images:,} images stored",
        "the same with 10",
        "ms",
        GOAL,
        reference=few,
        ours=many,
        times=times,
    )


Measurements = tuple[Callable[[], float], Callable[[], float]]


def _first_frames(small: Server, large: Server, images: int) -> Measurements:
    def from_images(server: Server, ids: list[int]) -> Callable[[], float]:
        client, path = server.client(), IMAGE_PATH + "&colormap=true"
        client.get(path.format(id=ids.pop()) % (1000, 1000.83))
        return lambda: client.milliseconds(path.format(id=ids.pop()) % (1000, 1000.83))

    some = random.Random(0).sample(range(1, images + 1), FEW)
    return from_images(small, list(range(1, FEW + 1))), from_images(large, some)


def _pages(small: Server, large: Server) -> Measurements:
    clients = small.client(), large.client()
    return tuple(lambda client=client: client.milliseconds("/images?limit=10") for client in clients)  # type: ignore[return-value]


def _files(run: Run, small: Server, large: Server) -> Measurements:
    more = samples.tiny_csvs(run.folder("more"), 1_000_000, 2 * run.repetitions)

    def through(server: Server) -> Callable[[], float]:
        client = server.client()
        return lambda: arrive(server, client, more.pop()).working_seconds * 1000

    return through(small), through(large)


def _starts(run: Run, few: Path, many: Path, images: int) -> Row:
    def started(folder: Path) -> float:
        with product(folder) as server:
            return server.seconds_to_start * 1000

    return _row(
        "server start until ready", images, lambda: started(few), lambda: started(many), run.repetitions
    )
