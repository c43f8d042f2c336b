"""`python -m tests.spoiling --seconds 600`: spoil good files at random for as long, and tell what came of it.

Exits with 1 where a reader raised anything but a FileError; the files are then kept in the temporary folder.
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

from tests.builders import settings_in
from tests.spoiling.files import WIDTH, dlis_file, good_files, outcome, spoiled


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_DATA, (2 << 30, 2 << 30))
    chance = random.Random(options.seed)
    files = good_files() | {"frames.dlis": dlis_file()}
    found: Counter[str] = Counter()
    slowest = (0.0, "")
    with tempfile.TemporaryDirectory() as folder:
        settings = {width: settings_in(Path(folder), source_width=width) for width in ("any", WIDTH)}
        end = time.monotonic() + options.seconds
        while time.monotonic() < end:
            name = chance.choice(list(files))
            content = spoiled(files[name], chance)
            path = Path(folder) / name
            path.write_bytes(content)
            began = time.monotonic()
            try:
                came = outcome(
                    path, settings[WIDTH if name == "columns.npy" else chance.choice(["any", WIDTH])]
                )
            except Exception:
                came = f"ERROR {traceback.format_exc(limit=-1).splitlines()[-1][:150]}"
                kept = Path(tempfile.gettempdir()) / f"fault-{found.total()}-{name}"
                kept.write_bytes(content)
                print(kept, traceback.format_exc(), flush=True)
            found[f"{name.partition('.')[2]}: {came}"] += 1
            slowest = max(slowest, (time.monotonic() - began, f"{name} {came}"))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{found.total()} files, slowest {slowest[0]:.2f} s ({slowest[1]}), peak memory {memory} MB")
    for came, count in sorted(found.items()):
        print(f"{count:8} {came}")
    return any("ERROR" in came for came in found)


if __name__ == "__main__":
    sys.exit(main())
