"""3 km of wall at a height of 1,000 pixels against a frame of 84 rows of the same image, on one connection.
"Never asked before" has another value range each time, so that every picture is drawn; what it is drawn from is
in memory, as it is for the frames. After a start of the server the blocks of rows are cold too, and only another,
small image was asked for. Tiles are those of the first rows of each overview level.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import samples
from benchmarks.client import Client
from benchmarks.run import Run
from benchmarks.servers import product
from benchmarks.table import Row, at_most, compared
from benchmarks.windows import IMAGE_PATH, Windows

TILES = "/images/{image_id}/tiles/{level}/{index}.png"
HEIGHT = 1000
GOAL = at_most(3)
WELL, SMALL = 1, 2
TOP_ROWS = 2000
"""Where frames are taken from: few enough that all are in memory after the first."""
WARMING = 50
TILES_IN_MEMORY = 16


def whole_well(run: Run) -> Iterator[Row]:
    folder = run.folder("whole-well")
    well = samples.demo_csv(run.cache, run.well_rows)
    samples.store(folder, [well, samples.demo_csv(run.cache, samples.FRAME_ROWS, seed=1)])
    with product(folder) as server:
        client = server.client()
        image = client.json(f"/images/{WELL}")
        frames = Windows(image["depth_min"], image["step"], TOP_ROWS).paths(IMAGE_PATH.format(id=WELL))
        wells = _wells(image)
        for _ in range(WARMING):
            client.get(next(frames))
            client.get(next(wells))
        frame, well_again = next(frames), next(wells)
        times = 10 * run.repetitions
        yield _row(client, "again", itertools.repeat(frame), itertools.repeat(well_again), times)
        yield _row(client, "never asked before", frames, wells, times)
        if TILES in client.json("/openapi.json")["paths"]:
            yield from _tiles(client, image, frames, times)
    yield _after_a_start(run, folder, image)


def _row(client: Client, how: str, frames: Iterator[str], wells: Iterator[str], times: int) -> Row:
    return compared(
        f"whole well at height=1000, {how}",
        f"84 rows, {how}",
        "ms",
        GOAL,
        reference=lambda: client.milliseconds(next(frames)),
        ours=lambda: client.milliseconds(next(wells)),
        times=times,
    )


def _wells(image: dict[str, Any]) -> Iterator[str]:
    path = IMAGE_PATH.format(id=WELL) % (image["depth_min"], image["depth_max"])
    for high in itertools.count(256):
        yield f"{path}&height={HEIGHT}&rescale=0,{high}"


def _tiles(client: Client, image: dict[str, Any], frames: Iterator[str], times: int) -> Iterator[Row]:
    chance = random.Random(0)
    tile_rows = image["tile_rows"]
    for level in range(image["levels"] + 1):
        tiles = min(TILES_IN_MEMORY, -(-image["rows"] // 4**level // tile_rows))
        paths = (
            TILES.format(image_id=WELL, level=level, index=chance.randrange(tiles)) + f"?rescale=0,{high}"
            for high in itertools.count(256)
        )
        for _ in range(WARMING):
            client.get(next(paths))
        yield compared(
            f"a tile of level {level}, never asked before",
            "84 rows, never asked before",
            "ms",
            GOAL,
            reference=lambda: client.milliseconds(next(frames)),
            ours=lambda paths=paths: client.milliseconds(next(paths)),
            times=times,
        )


def _after_a_start(run: Run, folder: Path, image: dict[str, Any]) -> Row:
    frames, wells = Windows.of(image).paths(IMAGE_PATH.format(id=WELL)), _wells(image)

    def first(path: str) -> float:
        with product(folder) as server:
            client = server.client()
            client.get(IMAGE_PATH.format(id=SMALL) % (samples.TOP, samples.TOP + 1))
            client.get(f"{IMAGE_PATH.format(id=SMALL)}&height=10" % (samples.TOP, samples.TOP + 10))
            return client.milliseconds(path)

    return compared(
        "whole well at height=1000, first of all after a start",
        "84 rows of it, first of all after a start",
        "ms",
        GOAL,
        reference=lambda: first(next(frames)),
        ours=lambda: first(next(wells)),
        times=run.repetitions,
    )
