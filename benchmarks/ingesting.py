"""Files of integers, 200 columns, dropped into the data folder of a running server: from the moment the
server finds them complete until they are stored (hash, checks, resampling, arrays, overviews, catalog), by
its own account and by a client that asks every 10 ms; the reference is `pandas.read_csv` of the same file in
a fresh process, its import not counted. The file lies in the page cache for both. Memory is the most that any
one process of the server ever had resident (VmHWM). The stable window is 2 s where that matters.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks import samples
from benchmarks.arrivals import Arrival, arrive, forget
from benchmarks.client import Client
from benchmarks.machine import settle_disk
from benchmarks.processes import PeakWatch
from benchmarks.run import Run
from benchmarks.servers import Server, product
from benchmarks.table import Invalid, Pair, Row, at_most, below, compared, within

SHORT_ROWS = 100_000
STABLE_SECONDS = 2.0
MEGABYTE = 1e6
PANDAS = """
import sys, time, pandas
started = time.perf_counter()
frame = pandas.read_csv(sys.argv[1])
print(time.perf_counter() - started)
"""


def ingesting(run: Run) -> Iterator[Row]:
    for pad_gaps in (False, True):
        peaks = {}
        for rows in (SHORT_ROWS, run.well_rows):
            file = samples.demo_csv(run.cache, rows, pad_gaps=pad_gaps)
            name = f"{rows:,} rows, {'pad gaps' if pad_gaps else 'no nulls'}"
            measured, peaks[rows] = _against_pandas(run, file, name)
            yield from measured
        peak, longer = peaks[SHORT_ROWS], peaks[run.well_rows]
        yield _memory(f"peak memory of any process, {SHORT_ROWS:,} rows", peak)
        yield _memory(f"peak memory of any process, {run.well_rows:,} rows", longer)
        yield Row(
            "peak memory, the long file",
            "the short file",
            "MB",
            at_most(1.2),
            [Pair(peak / MEGABYTE, longer / MEGABYTE)],
        )
    yield from _short_file(run)


def pandas_seconds(file: Path) -> float:
    """In a process of its own."""
    ran = subprocess.run(
        [sys.executable, "-c", PANDAS, str(file)], capture_output=True, text=True, check=True
    )
    return float(ran.stdout)


def _against_pandas(run: Run, file: Path, name: str) -> tuple[list[Row], int]:
    """By the server's clock and by the client's; the peak in bytes."""
    told: list[Pair] = []
    seen: list[Pair] = []
    invalid = None
    with product(run.folder("ingesting"), stable_seconds=0.2) as server, PeakWatch(server.pid) as watch:
        client = server.client()
        wake(run, server, client)
        pandas_seconds(file)  # has the file read into the page cache
        try:
            for _ in range(run.repetitions):
                settle_disk()
                pandas = pandas_seconds(file)
                arrival = arrive(server, client, file)
                told.append(Pair(pandas, arrival.working_seconds))
                seen.append(Pair(pandas, arrival.waiting_seconds))
                forget(client, arrival)
        except Invalid as reason:
            invalid = str(reason)
    return [
        Row(f"{name}: stable to stored", "pandas.read_csv", "s", at_most(1.3), told, invalid),
        Row(f"{name}: stable to visible", "pandas.read_csv", "s", at_most(1.3), seen, invalid),
    ], watch.peak


def wake(run: Run, server: Server, client: Client) -> Arrival:
    """Have the workers started and their libraries loaded, as in any server that runs for more than seconds."""
    return arrive(server, client, samples.demo_csv(run.cache, samples.FRAME_ROWS, seed=99))


def _memory(what: str, peak: int) -> Row:
    return Row(what, "none: a limit", "MB", below(500), [Pair(0, peak / MEGABYTE)])


def _short_file(run: Run) -> Iterator[Row]:
    file = samples.demo_csv(run.cache, samples.FRAME_ROWS, seed=1)
    arrivals = []

    def seconds() -> float:
        arrivals.append(arrive(server, client, file))
        forget(client, arrivals[-1])
        return arrivals[-1].visible - arrivals[-1].dropped

    with product(run.folder("short-file"), stable_seconds=STABLE_SECONDS) as server:
        client = server.client()
        wake(run, server, client)
        yield compared(
            "5,460 rows: dropped to visible",
            "the stable window",
            "s",
            within(0.5),
            reference=lambda: STABLE_SECONDS,
            ours=seconds,
            times=run.repetitions,
        )
    yield Row(
        "5,460 rows: stable to visible",
        "none: a limit",
        "s",
        below(0.5),
        [Pair(0, arrival.waiting_seconds) for arrival in arrivals],
        None if arrivals else "no file was stored",
    )
