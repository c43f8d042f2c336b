"""`python -m app.ingestion [FILE…]`: ingest by hand, with a progress bar and a summary.

Files in the data folder are moved to processed/ or failed/ as the pipeline does it; files from elsewhere stay where
they are. Without arguments: everything that lies in the data folder. Exits with 1 if any file failed.
With --watch: the pipeline without the API, until it is told to stop.
"""

from __future__ import annotations

import argparse
import os
import secrets
import signal
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from tqdm import tqdm

from app import logs
from app.ingestion.demo import DEMO_NAME, write_demo_csv
from app.pipeline.claiming import take
from app.pipeline.control import PipelineControl
from app.pipeline.host import PipelineHost
from app.pipeline.job import run_job
from app.pipeline.names import printable
from app.pipeline.workplace import Workplace
from app.settings import Settings
from app.startup import load_settings
from app.storage.catalog.leases import Lease
from app.storage.catalog.tables import Job, JobState

LEASE_SECONDS = 60.0
SUCCESSES = (JobState.STORED, JobState.DUPLICATE)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m app.ingestion", description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
    parser.add_argument(
        "--demo", action="store_true", help="store a synthetic image, to have something to look at"
    )
    parser.add_argument(
        "--watch",
        action="store_true",
        help="take every file dropped into the data folder until SIGINT or SIGTERM",
    )
    options = parser.parse_args(arguments)

    settings = load_settings()
    if options.watch:
        return _watch(settings)
    logs.configure(settings, console_level="WARNING")
    place = Workplace.open(settings)
    with closing(place.catalog):
        place.folders.ensure()
        by_hand = _ByHand(place)
        if options.demo:
            with tempfile.TemporaryDirectory() as folder:
                demo = Path(folder) / DEMO_NAME
                write_demo_csv(demo)
                by_hand.ingest(demo)
        for file in options.files:
            by_hand.ingest(file)
        if not options.demo and not options.files:
            by_hand.ingest_all()
        return by_hand.summary()


def _watch(settings: Settings) -> int:
    logs.configure(settings)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    place = Workplace.open(settings.model_copy(update={"pipeline_autostart": True}))
    PipelineControl(place).start()  # also where a server that is gone had been told to stop
    host = PipelineHost(place)
    host.start()
    stop.wait()
    host.stop()
    place.catalog.close()
    return 0


class _ByHand:
    """One file after the other, in this process."""

    def __init__(self, place: Workplace) -> None:
        self.place = place
        self.owner = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        self.outcomes: Counter[str] = Counter()

    def ingest_all(self) -> None:
        """What lies in the data folder."""
        names = sorted(self.place.folders.listing())
        if not names:
            print(f"nothing to do: {self.place.folders.data} holds no files")
        for name in names:
            self._ingest_dropped(self.place.folders.data / name)

    def ingest(self, file: Path) -> None:
        file = file.absolute()
        if not os.path.lexists(file):
            self._tell("missing", file.name, f"there is no file {printable(str(file))}")
        elif file.parent.resolve() != self.place.folders.data.resolve():
            self._ingest_elsewhere(file)
        elif file.name in self.place.folders.listing():
            self._ingest_dropped(file)
        else:  # `data/*` names processed/ and failed/, too
            self._tell("skipped", file.name, "folders, hidden and temporary files are not ingested")

    def _ingest_dropped(self, file: Path) -> None:
        try:
            self._wait_until_quiet(file)
            taken = take(self.place, file.name, self.owner, LEASE_SECONDS)
        except FileNotFoundError:
            taken = None
        if taken is None:
            self._tell("taken", file.name, "the running server was quicker: see /pipeline/history")
        else:
            self._run(*taken)

    def _ingest_elsewhere(self, file: Path) -> None:
        self._wait_until_quiet(file)
        job, lease = self.place.jobs.add_leased(
            printable(file.name),
            file.lstat().st_size,
            time.time(),
            claim=None,
            path=str(file),
            owner=self.owner,
            seconds=LEASE_SECONDS,
        )
        self._run(job, lease)

    def _run(self, job: Job, lease: Lease) -> None:
        with tqdm(desc=job.name, unit=" rows", leave=False, disable=not sys.stderr.isatty()) as bar:

            def show(rows_done: int, rows_total: int) -> None:
                bar.total = rows_total
                bar.update(rows_done - bar.n)

            run_job(self.place, job, lease, show)
        self._report(self.place.jobs.get(job.id))

    def summary(self) -> int:
        if self.outcomes:
            print(", ".join(f"{count} {outcome}" for outcome, count in self.outcomes.items()))
        return 0 if all(outcome in (*SUCCESSES, "taken", "skipped") for outcome in self.outcomes) else 1

    def _wait_until_quiet(self, file: Path) -> None:
        """A file that was written to a moment ago may not be complete."""
        stable = self.place.settings.stable_seconds
        while 0 <= (age := time.time() - file.lstat().st_mtime) < stable:
            time.sleep(stable - age)

    def _report(self, job: Job) -> None:
        if job.state == JobState.STORED:
            image = self.place.images.get(job.image_ids[0])
            dropped = f", {image.dropped_rows} without depth dropped" if image.dropped_rows else ""
            depths = f"{image.depth_min:.10g} to {image.depth_max:.10g} {image.depth_unit or ''}".rstrip()
            self._tell(job.state, job.name, f"image {image.id}, {image.rows} rows{dropped}, {depths}")
        else:
            self._tell(job.state, job.name, job.message or "")

    def _tell(self, outcome: str, name: str, text: str) -> None:
        self.outcomes[outcome] += 1
        print(f"{outcome:<10} {printable(name)}: {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
