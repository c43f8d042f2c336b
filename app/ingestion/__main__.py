"""`python -m app.ingestion [FILE…]`: ingest by hand, with a progress bar and a summary.

Files in the data folder are moved to processed/ or failed/ as the pipeline does it; files from elsewhere stay where
they are. Without arguments: everything that lies in the data folder. Exits with 1 if any file failed, with 130 if
it was told to stop: the file in work is then left to the server, or to its next start.
With --watch: the pipeline without the API, until it is told to stop.
With --bulk FOLDER: all that lies below the folder or s3://BUCKET/PREFIX, read where it is by whoever hosts the
pipeline, or by this process where nobody does. Run again, it goes on: what is stored is not read again.
"""

from __future__ import annotations

import argparse
import os
import signal
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
from app.errors import CommandRefused, TransientError
from app.ingestion.demo import DEMO_NAME, write_demo_csv
from app.pipeline.bulk.command import INTERRUPTED, ingest_in_bulk
from app.pipeline.bulk.folder import version_of
from app.pipeline.casualties import give_back
from app.pipeline.claiming import take
from app.pipeline.control import PipelineControl
from app.pipeline.data_folder import OtherDataFolder, require_the_hosts_data_folder
from app.pipeline.host import PipelineHost
from app.pipeline.image_ids import skip_ids_in_use
from app.pipeline.job import run_job
from app.pipeline.lease_keeping import kept
from app.pipeline.lock import host_lock
from app.pipeline.names import printable
from app.pipeline.workplace import Workplace
from app.pipeline.writers import is_being_written
from app.settings import Settings
from app.startup import load_settings
from app.storage.catalog.jobs_in_place import FileInPlace, JobsInPlace
from app.storage.catalog.leases import LEASE_SECONDS, Lease, this_process
from app.storage.catalog.tables import Job, JobState

SUCCESSES = (JobState.STORED, JobState.DUPLICATE)
WRITER_SECONDS = 0.2


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
    parser.add_argument(
        "--bulk",
        metavar="FOLDER",
        help="take all files below this folder, or below s3://BUCKET/PREFIX, and leave them there",
    )
    parser.add_argument(
        "--report",
        type=Path,
        metavar="FILE.csv",
        help="with --bulk: write what did not become an image of its own, and why",
    )
    parser.add_argument(
        "--retry-failed", action="store_true", help="with --bulk: read files again that failed before"
    )
    options = parser.parse_args(arguments)
    if options.bulk is None and (options.report or options.retry_failed):
        parser.error("--report and --retry-failed go with --bulk")
    if options.bulk is not None and (options.files or options.demo or options.watch):
        parser.error("--bulk takes one folder, and neither files nor --demo nor --watch")

    settings = load_settings()
    if options.watch:
        return _watch(settings)
    logs.configure(settings, console_level="ERROR")  # what is wrong with a file is printed, once
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if options.bulk is not None:
        try:
            return ingest_in_bulk(settings, options.bulk, options.report, retry_failed=options.retry_failed)
        except (CommandRefused, OtherDataFolder, TransientError, OSError) as error:
            parser.error(str(error))
    place = Workplace.open(settings)
    with closing(place.catalog):
        lock = host_lock(place)
        try:
            require_the_hosts_data_folder(place, lock)
        except OtherDataFolder as error:
            parser.error(str(error))
        finally:
            lock.release()
        place.folders.ensure()
        skip_ids_in_use(place)
        by_hand = _ByHand(place)
        try:
            by_hand.ingest_asked(options.files, demo=options.demo)
        except KeyboardInterrupt:
            return INTERRUPTED
        finally:
            outcome = by_hand.summary()
        return outcome


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
        self.owner = this_process()
        self.outcomes: Counter[str] = Counter()

    def ingest_asked(self, files: Sequence[Path], *, demo: bool) -> None:
        if demo:
            with tempfile.TemporaryDirectory() as folder:
                file = Path(folder) / DEMO_NAME
                write_demo_csv(file)
                self.ingest(file)
        for file in files:
            self.ingest(file)
        if not demo and not files:
            self.ingest_all()

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
        status = file.lstat()
        found = FileInPlace(str(file), printable(file.name), status.st_size, version_of(status))
        job, lease = JobsInPlace(self.place.catalog).take(found, self.owner, LEASE_SECONDS, time.time())
        self._run(job, lease)

    def _run(self, job: Job, lease: Lease) -> None:
        with tqdm(desc=job.name, unit=" rows", leave=False, disable=not sys.stderr.isatty()) as bar:

            def show(rows_done: int, rows_total: int) -> None:
                bar.total = rows_total
                bar.update(rows_done - bar.n)

            try:
                with kept(self.place, lease):
                    run_job(self.place, job, lease, show)
            except KeyboardInterrupt:
                give_back(self.place, lease)
                raise
        self._report(self.place.jobs.get(job.id))

    def summary(self) -> int:
        if self.outcomes:
            print(", ".join(f"{count} {outcome}" for outcome, count in self.outcomes.items()))
        return 0 if all(outcome in (*SUCCESSES, "taken", "skipped") for outcome in self.outcomes) else 1

    def _wait_until_quiet(self, file: Path) -> None:
        """A file that was written to a moment ago may not be complete."""
        stable = self.place.settings.stable_seconds
        while (young := 0 <= (age := time.time() - file.lstat().st_mtime) < stable) or is_being_written(file):
            time.sleep(stable - age if young else WRITER_SECONDS)

    def _report(self, job: Job) -> None:
        if job.state == JobState.STORED:
            for image in map(self.place.images.get, job.image_ids):
                channel = f" ({image.channel})" if image.channel else ""
                dropped = f", {image.dropped_rows} without depth dropped" if image.dropped_rows else ""
                depths = f"{image.depth_min:.10g} to {image.depth_max:.10g} {image.depth_unit or ''}".rstrip()
                self._say(
                    job.state, job.name, f"image {image.id}{channel}, {image.rows} rows{dropped}, {depths}"
                )
            self.outcomes[job.state] += 1
        else:
            self._tell(job.state, job.name, job.message or "")

    def _tell(self, outcome: str, name: str, text: str) -> None:
        self.outcomes[outcome] += 1
        self._say(outcome, name, text)

    def _say(self, outcome: str, name: str, text: str) -> None:
        print(f"{outcome:<10} {printable(name)}: {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
