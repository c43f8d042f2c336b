"""`python -m tests.soak --minutes 10 [--seed 1]`: the long run. Exits with 1 where not all is well."""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from tests.soak.run import run


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report = run(Path(folder), options.minutes, options.seed, print)
    print(*report.table, sep="\n")
    for name, figure in asdict(report.outcome).items():
        print(f"{name:18} {figure}")
    sizes, files = [sample[1] for sample in report.resident], [sample[2] for sample in report.resident]
    print(f"requests           {report.requests}, {len(report.errors)} errors {report.errors[:5]}")
    print(f"disk               {report.disk}")
    print(f"resident           {sizes[0]:.0f} MB at first, {max(sizes):.0f} at most, {sizes[-1]:.0f} at last")
    print("slope              {:.1f} ± {:.1f} MB/h in the second half".format(*report.slope))
    print(f"open files         {files[0]} at first, {max(files)} at most, {files[-1]} at last")
    return 0 if report.all_is_well else 1


if __name__ == "__main__":
    sys.exit(main())
