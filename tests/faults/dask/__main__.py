"""`python -m tests.faults.dask --files 10000 [--seed 1]`: the long run; the catalog is on PostgreSQL.

Exits with 1 where a file is lost, stored twice or not as it was.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from tests.faults.dask.run import run
from tests.postgresql import PostgreSQL


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.dask")
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    postgresql = PostgreSQL()
    try:
        with tempfile.TemporaryDirectory() as folder:
            outcome = run(
                Path(folder), postgresql.new_database(), options.files, options.seed, pause=12.0, tell=print
            )
    finally:
        postgresql.remove()
    for name, figure in asdict(outcome).items():
        print(f"{name:18} {figure}")
    return 0 if outcome.all_is_well else 1


if __name__ == "__main__":
    sys.exit(main())
