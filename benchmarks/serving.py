"""One server process, eight connections of `wrk`, access logs off; the reference is a bare FastAPI `async
def` route that answers every request with the same 84 × 150 PNG. Windows are 84 rows of a warm image of
200,000 rows, all over the well, and none is asked for twice. The first frame of an image that the process has
not touched is compared with another frame of the same image just after it, on one connection. A row with any
refused request is invalid.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from benchmarks import samples, wrk
from benchmarks.client import Client
from benchmarks.run import Run
from benchmarks.samples import STEP, TOP
from benchmarks.servers import Server, product, reference
from benchmarks.table import Invalid, Pair, Row, at_least, compared, within
from benchmarks.windows import HEIGHT, IMAGE_PATH, JSON_PATH, Windows

ROWS = 200_000
WARMING_ROWS = 10_000


def serving(run: Run) -> Iterator[Row]:
    folder = run.folder("serving")
    untouched = 5 * run.repetitions
    files = [samples.demo_csv(run.cache, samples.FRAME_ROWS, seed=seed) for seed in range(1, untouched + 1)]
    samples.store(folder, [samples.demo_csv(run.cache, ROWS), *files])
    with product(folder) as ours:
        client = ours.client()
        image = client.json("/images/1")
        warm(client, image["rows"])
        path = next(Windows.of(image).paths(IMAGE_PATH.format(id=1)))
        picture = client.get(path)
        with reference(run.folder("reference"), picture.body) as bare:
            wrk.rate(ours.url + path, 1)
            wrk.rate(bare.url + "/", 1)
            tag = {"If-None-Match": picture.headers["etag"]}
            client.get(path, tag, status=304)
            pictures, numbers = Windows.of(image), Windows.of(image)
            for what, goal, rate in (
                ("the same URL again", 0.80, lambda seconds: wrk.rate(ours.url + path, seconds)),
                ("304 by If-None-Match", 0.90, lambda seconds: wrk.rate(ours.url + path, seconds, tag)),
                ("windows never asked before, as PNG", 0.30, partial(_windows, ours, IMAGE_PATH, pictures)),
                ("the same windows, as JSON", 0.15, partial(_windows, ours, JSON_PATH, numbers)),
            ):
                yield _beside(run, bare, what, goal, rate)
        yield _first_frames(client, range(2, untouched + 2))


def warm(client: Client, rows: int) -> None:
    """Have every row of image 1 in memory."""
    windows = Windows(TOP, STEP, rows, WARMING_ROWS)
    for row in range(0, rows, WARMING_ROWS):
        client.get(IMAGE_PATH.format(id=1) % windows.at(row))


def _windows(server: Server, path: str, windows: Windows, seconds: float) -> float:
    return wrk.window_rate(server.url, path.format(id=1), windows, seconds)


def _beside(run: Run, bare: Server, what: str, goal: float, rate: Callable[[float], float]) -> Row:
    return compared(
        what,
        "bare route, the same PNG",
        "requests/s",
        at_least(goal),
        reference=lambda: wrk.rate(bare.url + "/", run.seconds),
        ours=lambda: rate(run.seconds),
        times=run.repetitions,
    )


def _first_frames(client: Client, images: range) -> Row:
    """Of images in the order of their ids; the first of all also pays for what a process does once."""
    what, reference_is = "first frame of an image not touched yet", "another frame of it, warm"
    pairs = []
    try:
        for image_id in images:
            paths = Windows(TOP, STEP, 3 * HEIGHT).paths(IMAGE_PATH.format(id=image_id))
            first = client.milliseconds(next(paths))
            pairs.append(Pair(client.milliseconds(next(paths)), first))
    except Invalid as reason:
        return Row(what, reference_is, "ms", within(15), pairs, str(reason))
    return Row(what, reference_is, "ms", within(15), pairs)
