"""One job, from its leased file to the place where the file belongs afterwards."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy.exc import IntegrityError

from app.errors import CatalogUnavailable, FileChanged, FileError, Reason, StorageUnavailable, TransientError
from app.ingestion.fingerprint import Fingerprint, fingerprint
from app.ingestion.readers import open_source
from app.ingestion.storing import StoredImage, store_image
from app.pipeline.folders import is_regular
from app.pipeline.names import is_table
from app.pipeline.retrying import CRASHES_BEFORE_FAILING, retry_delay
from app.pipeline.settling import settle
from app.pipeline.stability import Snapshot
from app.pipeline.workplace import Workplace
from app.storage.arrays import WIDTH
from app.storage.arrays.erasing import bytes_on_disk, erase
from app.storage.arrays.writing import ImageWriter
from app.storage.catalog.leases import Lease, LeaseLost
from app.storage.catalog.tables import Image, Job

log = logging.getLogger("borehole.job")

PROGRESS_SECONDS = 0.5

Progress = Callable[[int, int], None]
"""Told how many rows are done, of about how many."""


def run_job(place: Workplace, job: Job, lease: Lease, progress: Progress | None = None) -> None:
    """Ingest the job's file and settle it. Whatever happens is in the job's row afterwards; nothing is raised
    but what stops the process."""
    try:
        finished = _attempt(place, job, lease, progress)
    except LeaseLost as lost:
        log.warning("%s; stopped", lost, extra={"job": job.id})
    except CatalogUnavailable:
        log.exception("the outcome of job %s could not be recorded; it will run again", job.id)
    else:
        if finished:
            settle(place, job.id, lease)


def _attempt(place: Workplace, job: Job, lease: Lease, progress: Progress | None) -> bool:
    """Whether the job has come to its end, good or bad; else it waits for another try."""
    started = time.monotonic()
    try:
        image_id = _Ingestion(place, job, lease, progress).run()
    except FileError as error:
        place.jobs.fail(lease, time.time(), error)
        log.warning("%s failed: %s", job.name, error, extra={"job": job.id, "reason": error.reason})
        return True
    except LeaseLost:
        raise
    except (TransientError, OSError) as error:
        reason = error.code if isinstance(error, TransientError) else StorageUnavailable.code
        delay = retry_delay(job.attempts)
        place.jobs.retry_later(lease, time.time() + delay, reason, str(error))
        log.warning("%s waits %g s: %s", job.name, delay, error, extra={"job": job.id, "reason": reason})
        return False
    except Exception as error:
        log.exception("%s: unexpected error", job.name, extra={"job": job.id})
        blame = _blame(error)
        crashes = place.jobs.note_crash(lease)
        if crashes < CRASHES_BEFORE_FAILING:
            place.jobs.retry_later(lease, time.time() + retry_delay(crashes), blame.reason, blame.message)
            return False
        place.jobs.fail(lease, time.time(), blame)
        return True
    seconds = time.monotonic() - started
    log.info("%s is image %s (%.2f s)", job.name, image_id, seconds, extra={"job": job.id, "image": image_id})
    return True


def _blame(error: Exception) -> FileError:
    """What is said of a file that the server could not cope with."""
    if isinstance(error, MemoryError):
        return FileError(
            Reason.OUT_OF_MEMORY,
            "reading this file took more memory than a worker may have (BOREHOLE_WORKER_MEMORY_BYTES)",
        )
    return FileError(Reason.INTERNAL_ERROR, f"the server met an error of its own with this file: {error!r}")


class _Ingestion:
    """One attempt at one file."""

    def __init__(self, place: Workplace, job: Job, lease: Lease, progress: Progress | None) -> None:
        self.place = place
        self.job = job
        self.lease = lease
        self.told = progress
        self.writer: ImageWriter | None = None
        self.rows_total = 0
        self.last_progress = time.monotonic()

    def run(self) -> int:
        """The id of the image that holds this content: a new one, or the one that already did."""
        path = self._path()
        before = Snapshot.of(path.stat())
        content = fingerprint(path)
        self.rows_total = max(0, content.lines - 1)
        self.place.jobs.note_content(self.lease, content.sha256, content.size_bytes)
        known = self.place.images.with_content(content.sha256)
        if known is not None:
            return self._duplicate(known)
        try:
            return self._commit(self._stored(path, before), content)
        except BaseException:
            self._abandon()
            raise

    def _stored(self, path: Path, before: Snapshot) -> StoredImage:
        """Raises FileChanged, whatever was found wrong with a file that somebody is still writing to."""
        try:
            stored = store_image(
                lambda: open_source(path, self.place.settings),
                self._begin,
                self.place.settings,
                self._progress,
            )
        except FileError:
            self._check_unchanged(path, before)
            raise
        self._check_unchanged(path, before)
        return stored

    def _check_unchanged(self, path: Path, before: Snapshot) -> None:
        if Snapshot.of(path.stat()) != before:
            raise FileChanged(f"{self.job.name} changed while it was read")

    def _path(self) -> Path:
        path = Path(self.job.path) if self.job.path else self.place.folders.claimed(self.job.claim or "")
        if path is None or (not path.is_symlink() and not path.exists()):
            raise FileError(Reason.FILE_GONE, f"{self.job.name} was removed before it could be read")
        if not is_regular(path):
            raise FileError(
                Reason.NOT_A_REGULAR_FILE,
                f"{self.job.name} is {_kind(path)}; put the file itself into the data folder",
            )
        if not is_table(self.job.name):
            raise FileError(
                Reason.UNSUPPORTED_FORMAT,
                f"{self.job.name} is of no kind this server reads; a borehole image comes as .csv "
                "(also .tsv, .txt, .dat or .asc): a depth column and the pixel columns",
            )
        return path

    def _begin(self) -> ImageWriter:
        image_id = self.place.images.begin(self.lease, time.time())
        self.writer = ImageWriter(self.place.layout, image_id)
        return self.writer

    def _progress(self, rows_done: int) -> None:
        if self.told is not None:
            self.told(rows_done, max(rows_done, self.rows_total))
        if time.monotonic() - self.last_progress >= PROGRESS_SECONDS:
            self.last_progress = time.monotonic()
            total = max(rows_done, self.rows_total)
            self.place.jobs.progress(self.lease, time.time(), rows_done, total)

    def _commit(self, stored: StoredImage, content: Fingerprint) -> int:
        image = self._image(stored, content)
        self.place.layout.describe(
            image.id, {c.name: getattr(image, c.name) for c in Image.__table__.columns}
        )
        try:
            self.place.images.commit(self.lease, image.created_at, [image])
        except IntegrityError:  # the same content was committed by another job since we looked
            known = self.place.images.with_content(content.sha256)
            if known is None:
                raise
            self._abandon()
            return self._duplicate(known)
        return image.id

    def _image(self, stored: StoredImage, content: Fingerprint) -> Image:
        settings = self.place.settings
        row_bytes, overview_bytes = bytes_on_disk(self.place.layout, stored.image_id)
        return Image(
            id=stored.image_id,
            name=self.job.name,
            channel="",
            sha256=content.sha256,
            source_bytes=content.size_bytes,
            created_at=time.time(),
            rows=stored.rows,
            width=WIDTH,
            source_width=stored.source_width,
            levels=stored.levels,
            dropped_rows=stored.dropped_rows,
            depth_min=stored.depth_min,
            depth_max=stored.depth_max,
            depth_unit=stored.depth_unit,
            step=stored.step,
            descending=stored.descending,
            display_low=stored.display_range[0],
            display_high=stored.display_range[1],
            statistics=stored.statistics,
            settings={
                "resize_mode": settings.resize_mode,
                "rounding": settings.rounding,
                "null_values": list(settings.null_values),
            },
            row_bytes=row_bytes,
            overview_bytes=overview_bytes,
        )

    def _duplicate(self, known: int) -> int:
        self.place.jobs.duplicate(self.lease, time.time(), known)
        return known

    def _abandon(self) -> None:
        """Nobody else knows of what we wrote: take it away at once.

        A commit whose answer got lost may have been made, so only the catalog says that the image does not exist.
        """
        if self.writer is not None and self.place.images.abandon(self.writer.image_id):
            erase(self.place.layout, self.writer.image_id)
            self.place.images.mark_swept(self.writer.image_id)
        self.writer = None


def _kind(path: Path) -> str:
    if path.is_symlink():
        return "a symbolic link"
    return "a folder" if path.is_dir() else "a device or a pipe"
