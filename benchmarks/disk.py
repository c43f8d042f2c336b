"""Bytes of all files below `db/arrays`, depths and TileDB's own files included, for each stored pixel;
float32 as it is would take 4. The image is the demo's (12,000 rows), or `--csv FILE`. `/stats` must say the
same.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from app.ingestion.demo import DEMO_ROWS
from benchmarks import samples
from benchmarks.run import Run
from benchmarks.servers import product
from benchmarks.table import Pair, Row, below, equal

UNIT = "bytes/pixel"
UNCOMPRESSED = 4.0


def disk(run: Run) -> Iterator[Row]:
    folder = run.folder("disk")
    csv = run.csv or samples.demo_csv(run.cache, DEMO_ROWS)
    samples.store(folder, [csv.absolute()])
    with product(folder) as server:
        stats = server.client().json("/stats")
    rows, depths, overviews = (size / stats["pixels"] for size in sizes(folder / "db" / "arrays"))
    everything = rows + depths + overviews
    for what, goal, size in (("rows", 1.65, rows), ("rows, depths and overviews", 2.2, everything)):
        yield Row(f"{csv.name}: {what}", "float32 as it is", UNIT, below(goal), [Pair(UNCOMPRESSED, size)])
    for what, size, said in (
        ("rows and depths", rows + depths, stats["bytes_per_pixel"]),
        ("with overviews", everything, stats["bytes_per_pixel_with_overviews"]),
    ):
        yield Row(f"/stats: {what}", "the files", UNIT, equal(within=0.02), [Pair(size, said)])


def sizes(arrays: Path) -> tuple[int, int, int]:
    """Bytes of level 0, of the depths, and of the overviews."""
    rows = depths = overviews = 0
    for file in filter(Path.is_file, arrays.glob("shard-*/*/**/*")):
        size = file.stat().st_size
        match file.relative_to(arrays).parts[1]:
            case "level-0":
                rows += size
            case "depth":
                depths += size
            case _:
                overviews += size
    return rows, depths, overviews
