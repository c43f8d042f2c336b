"""`python -m benchmarks [NAME…]`: what the server costs, as ratios to references measured in the same run.

Without names: all of them. Exits with 1 where a goal is missed or a measurement is invalid.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import machine, samples, wrk
from benchmarks.bucket import bucket
from benchmarks.bulk import bulk
from benchmarks.disk import disk
from benchmarks.document import PAGE, with_section
from benchmarks.growth import growth
from benchmarks.ingesting import ingesting
from benchmarks.interference import interference
from benchmarks.memory import memory
from benchmarks.run import Benchmark, Run
from benchmarks.serving import serving
from benchmarks.startup import startup
from benchmarks.table import Row, markdown
from benchmarks.whole_well import whole_well

BENCHMARKS: dict[str, Benchmark] = {
    benchmark.__name__: benchmark
    for benchmark in (
        serving,
        whole_well,
        growth,
        ingesting,
        bulk,
        bucket,
        interference,
        disk,
        memory,
        startup,
    )
}


def main(arguments: Sequence[str] | None = None) -> int:
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = _parser().parse_args(given)
    names = options.names or list(BENCHMARKS)
    known = wrk.require_wrk()
    busy = machine.load()
    about = [
        f"{machine.machine()}; {machine.versions()}, {known}",
        f"`python -m benchmarks {' '.join(given)}`".replace(" `", "`") + f", {datetime.now(UTC):%Y-%m-%d}",
    ]
    print(*about, sep="\n")
    if busy > machine.BUSY:
        warning = f"The machine was at work (load {busy:.1f}): figures are provisional."
        about.append(f"**{warning}**")
        print(f"!!! {warning}")
    options.cache.mkdir(parents=True, exist_ok=True)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="borehole-benchmarks-", dir=options.cache) as work:
        run = Run(options.quick, Path(work), options.cache, options.images, options.minutes, options.csv)
        for name in names:
            measured = _measured(name, run)
            rows.extend(measured)
            if options.write:
                _write(name, measured, about)
    print("\n" + markdown(rows))
    missed = [row for row in rows if not row.met]
    print(f"\n{len(rows) - len(missed)} of {len(rows)} goals met")
    return 1 if missed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", choices=[[], *BENCHMARKS], help=", ".join(BENCHMARKS)
    )
    parser.add_argument(
        "--quick", action="store_true", help="fewer repetitions, smaller files: to see that it works"
    )
    parser.add_argument("--write", action="store_true", help="put the tables into docs/benchmarks.md")
    parser.add_argument(
        "--images", type=int, default=2000, help="how many images growth stores (default %(default)s)"
    )
    parser.add_argument(
        "--minutes", type=float, default=2.0, help="how long memory lasts (default %(default)s)"
    )
    parser.add_argument("--csv", type=Path, help="the file that disk stores (default: a demo image)")
    parser.add_argument(
        "--cache",
        type=Path,
        default=samples.CACHE,
        help="where long files are kept for the next run (default %(default)s)",
    )
    return parser


def _measured(name: str, run: Run) -> list[Row]:
    """Rows as far as it came; a benchmark that breaks does not take the others with it."""
    print(f"\n{name}", flush=True)
    rows = []
    started = time.monotonic()
    try:
        for row in BENCHMARKS[name](run):
            rows.append(row)
            print("  " + " | ".join(cell for cell in row.cells if cell), flush=True)
    except Exception as error:
        traceback.print_exc()
        rows.append(Row.broken(name, repr(error)))
    print(f"  ({time.monotonic() - started:.0f} s)", flush=True)
    return rows


def _write(name: str, rows: list[Row], about: list[str]) -> None:
    how = sys.modules[BENCHMARKS[name].__module__].__doc__ or ""
    section = "\n\n".join([how.strip(), *about, markdown(rows)])
    PAGE.write_text(with_section(PAGE.read_text(), name, section))


if __name__ == "__main__":
    sys.exit(main())
