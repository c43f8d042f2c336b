"""A bulk ingestion as a command: from what was asked for to an exit code."""

from __future__ import annotations

from contextlib import ExitStack, closing
from pathlib import Path

from app.errors import CommandRefused
from app.packages import require_installed
from app.pipeline.buckets import SCHEME
from app.pipeline.bulk.folder import Folder
from app.pipeline.bulk.hosting import somebody_at_work
from app.pipeline.bulk.listing import Listing
from app.pipeline.bulk.progress import Progress
from app.pipeline.bulk.report import Report
from app.pipeline.bulk.run import BulkIngestion
from app.pipeline.workplace import Workplace
from app.settings import Settings
from app.storage.arrays.store import S3_PACKAGE
from app.storage.catalog.jobs_in_place import FileInPlace
from app.storage.catalog.tables import JobState

ALL_STORED = 0
SOME_FAILED = 1
INTERRUPTED = 130  # as shells have it


def ingest_in_bulk(settings: Settings, source: str, report: Path | None, *, retry_failed: bool) -> int:
    """The exit code. source: a folder, or `s3://bucket/prefix`. report: where to write what became no image.

    Raises CommandRefused, OtherDataFolder, TransientError, OSError.
    """
    listing = _listing_of(source, settings)
    place = Workplace.open(settings.model_copy(update={"pipeline_autostart": True}))
    with closing(place.catalog), ExitStack() as open_things:
        told = open_things.enter_context(closing(Report(report))) if report is not None else None
        progress = _measured(listing)
        open_things.callback(progress.close)
        bulk = BulkIngestion(place, listing, progress, told, retry_failed=retry_failed)
        try:
            who = open_things.enter_context(somebody_at_work(place))
            progress.say(f"{progress.files:,} files in {source}, read by {who}")
            bulk.run()
        except KeyboardInterrupt:
            progress.summary()
            progress.say(
                f"interrupted, with {len(bulk.under_way)} queued: the same command goes on from here"
            )
            return INTERRUPTED
        progress.summary()
        return SOME_FAILED if progress.outcomes[JobState.FAILED] else ALL_STORED


def _listing_of(source: str, settings: Settings) -> Listing:
    if source.startswith(SCHEME):
        return _prefix(source)
    folder = Path(source)
    if not folder.is_dir():
        raise CommandRefused(f"there is no folder {source}")
    if folder.resolve() == settings.data_dir.resolve():
        raise CommandRefused(f"{source} is the data folder, whose files are taken by themselves")
    own = (settings.data_dir, settings.db_dir, settings.log_dir)
    return Folder(folder, settings.stable_seconds, own)


def _prefix(uri: str) -> Listing:
    try:
        require_installed(S3_PACKAGE, uri)
    except RuntimeError as error:
        raise CommandRefused(str(error)) from error
    from app.pipeline.bulk.prefix import Prefix  # boto3 is for those who have a bucket

    return Prefix(uri)


def _measured(listing: Listing) -> Progress:
    """How much there is to do, which takes a listing of its own; nothing of it is kept."""
    files = size_bytes = 0
    for entry in listing.entries():
        if isinstance(entry, FileInPlace):
            files += 1
            size_bytes += entry.size_bytes
    return Progress(files, size_bytes)
