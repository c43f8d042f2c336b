"""`python -m benchmarks.catalog [URL]`: what the catalog alone bears, by 1 and 4 processes.

Without a URL on SQLite. `claimed`: jobs leased in a second, of a queue of 300. `files`: jobs taken in a second
through all that the catalog is told of a file: leased, its content, its image begun and committed, its target
reserved, settled.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from app.pipeline.workplace import Workplace
from app.settings import Settings
from benchmarks import machine
from benchmarks.catalog.workers import empty, measured

QUEUED = 300


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.catalog", description=__doc__)
    parser.add_argument("url", nargs="?", help="of an empty database, which is filled and emptied again")
    url = parser.parse_args().url
    print(f"{machine.machine()}, load {machine.load():.1f}")
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(_env_file=None, db_dir=Path(folder), database_url=url)
        place = Workplace.open(settings)
        for what in ("claimed", "files"):
            for processes in (1, 4):
                empty(place)
                for number in range(QUEUED):
                    place.jobs.add(f"{number}.csv", 1, 0.0, claim=f"{number}", path=None)
                seconds = measured(settings, what, processes)
                print(f"{what:8} {processes} processes  {QUEUED / seconds:7.0f}/s")
        empty(place)
        place.catalog.close()


if __name__ == "__main__":
    main()
