"""`python -m benchmarks.side_by_side`: the same image and the same windows through TiTiler and Tiled.

Both are installed from PyPI into environments of their own below the cache folder. Windows of 84 rows as PNG,
none asked for twice, eight connections of wrk, one process each on uvloop and httptools; the image lies in
the page cache.

What differs: TiTiler serves maps. It opens a COG (float32, ZSTD, blocks of 256) for every request, finds a
window by map coordinates and answers with RGBA. Tiled serves arrays. It reads Zarr chunks of 256 rows and
answers with grey pictures, stretched to each window's own values; here it runs without the catalog and the
access control that it would have in earnest. Ours knows that an image is a borehole's: decoded blocks of rows
in memory, palette PNGs.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import tiledb

from benchmarks import machine, samples, wrk
from benchmarks.run import Run
from benchmarks.servers import product
from benchmarks.side_by_side.others import TILED, TITILER, Other
from benchmarks.table import Row, at_least, compared, markdown
from benchmarks.windows import IMAGE_PATH, Windows

ROWS = 300_000


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.side_by_side", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="to see that it works")
    parser.add_argument("--cache", type=Path, default=samples.CACHE, help="default: %(default)s")
    options = parser.parse_args()
    print(f"{machine.machine()}; {machine.versions()}, {wrk.require_wrk()}; load {machine.load():.1f}")
    options.cache.mkdir(parents=True, exist_ok=True)
    rows = []
    with tempfile.TemporaryDirectory(prefix="borehole-benchmarks-", dir=options.cache) as work:
        run = Run(options.quick, Path(work), options.cache)
        folder = run.folder("product")
        samples.store(folder, [samples.demo_csv(run.cache, ROWS)])
        values = folder / "values.npy"
        np.save(values, stored_values(folder))
        for other in (TITILER, TILED):
            try:
                rows.append(_beside(run, other, folder, values))
            except subprocess.CalledProcessError as error:
                rows.append(Row.broken(other.name, f"{error.cmd[:4]} failed"))
    print(markdown(rows))
    return 0


def _beside(run: Run, other: Other, folder: Path, values: Path) -> Row:
    name = other.version(run.cache)
    theirs_folder = run.folder(other.name)
    path = other.path_in(theirs_folder)
    with other.server(run.cache, theirs_folder, values) as theirs, product(folder) as ours:
        image = ours.client().json("/images/1")
        their_windows, our_windows = other.windows(image["rows"]), Windows.of(image)
        # Some thousand windows all over the image fill whatever caches there are.
        wrk.window_rate(theirs.url, path, their_windows, 2 * run.seconds)
        wrk.window_rate(ours.url, IMAGE_PATH.format(id=1), our_windows, 2 * run.seconds)
        return compared(
            "84 rows as PNG, never asked before",
            name,
            "requests/s",
            at_least(1),
            reference=lambda: wrk.window_rate(theirs.url, path, their_windows, run.seconds),
            ours=lambda: wrk.window_rate(ours.url, IMAGE_PATH.format(id=1), our_windows, run.seconds),
            times=run.repetitions,
        )


def stored_values(folder: Path) -> np.ndarray[Any, np.dtype[np.float32]]:
    """float32 (rows, 150) of image 1, read as docs/arrays.md shows."""
    with tiledb.open(str(folder / "db/arrays/shard-00000/level-0"), timestamp=(1, 1)) as array:
        return array[1, 0:ROWS, :]["value"].reshape(ROWS, -1)


if __name__ == "__main__":
    sys.exit(main())
