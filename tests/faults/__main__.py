"""`python -m tests.faults --rounds 200 [--seed 1]`: the long run. Exits with 1 where not all is well."""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from tests.faults.run import run


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        outcome = run(Path(folder), options.rounds, options.seed, print)
    for name, figure in asdict(outcome).items():
        print(f"{name:18} {figure}")
    return 0 if outcome.all_is_well else 1


if __name__ == "__main__":
    sys.exit(main())
