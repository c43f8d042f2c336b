"""One attempt at one file: from where it lies to the catalog's row for its image."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.exc import IntegrityError

from app.errors import FileChanged, FileError, Reason
from app.ingestion.fingerprint import Fingerprint, fingerprint, line_ends
from app.ingestion.parts import Division, StoredPart, divide, join_parts
from app.ingestion.readers import SUFFIXES, is_readable, open_file
from app.ingestion.stored_image import StoredImage
from app.ingestion.storing import store_image
from app.pipeline.folders import is_regular
from app.pipeline.stability import Snapshot
from app.pipeline.workplace import Workplace
from app.storage.arrays import WIDTH
from app.storage.arrays.erasing import bytes_on_disk, erase
from app.storage.arrays.writing import ImageWriter
from app.storage.catalog.leases import Lease
from app.storage.catalog.tables import Image, Job

PROGRESS_SECONDS = 0.5

Progress = Callable[[int, int], None]
"""Told how many rows are done, of about how many."""


@dataclass(frozen=True)
class Divided:
    """An attempt under way in parts. before: what the file was when the attempt began, at `began` (UTC)."""

    job: Job
    lease: Lease
    path: Path
    before: Snapshot
    image_id: int
    division: Division
    began: float


class Attempt:
    """One attempt at one file, or one process's share in it."""

    def __init__(self, place: Workplace, job: Job, lease: Lease, progress: Progress | None = None) -> None:
        self.place = place
        self.job = job
        self.lease = lease
        self.told = progress
        self.writer: ImageWriter | None = None
        self.rows_total = 0
        self.last_progress = time.monotonic()

    def run(self, workers: int) -> int | Divided:
        """The id of the image that holds this content: a new one, or the one that already did.

        With several workers a long file is only begun, for them to read it in parts.
        Raises FileError, FileChanged, StorageUnavailable, CatalogUnavailable, LeaseLost, OSError.
        """
        settings = self.place.settings
        path = self._path()
        before = Snapshot.of(path.stat())
        ends = line_ends(path)
        self.rows_total = max(0, ends.lines - 1)
        with self._abandoned_on_error(), self._judged_only_if_unchanged(path, before):
            division = divide(path, ends, settings, workers)
            if division is not None:
                image_id = self._begin().image_id
                return Divided(self.job, self.lease, path, before, image_id, division, time.time())
        content = fingerprint(path)
        known = self._known(content)
        if known is not None:
            self._check_unchanged(path, before)
            if self._is_duplicate_of(known):
                return known
        with self._abandoned_on_error(), self._judged_only_if_unchanged(path, before):
            image = open_file(path, settings).images[0]
            stored = store_image(image.open, self._begin, settings, self._progress)
        with self._abandoned_on_error():
            return self._commit(stored, content)

    def join(self, divided: Divided, content: Fingerprint, parts: Sequence[StoredPart]) -> int:
        """The id of the image that the parts make. Raises PartsDiffer, and what `run` raises."""
        self.writer = ImageWriter(self.place.layout, divided.image_id)
        with self._abandoned_on_error():
            known = self._known(content)
            if known is not None:
                self._check_unchanged(divided.path, divided.before)
                if self._is_duplicate_of(known):
                    self._abandon()
                    return known
            with self._judged_only_if_unchanged(divided.path, divided.before):
                stored = join_parts(divided.division, parts, self.writer, self.place.settings)
            return self._commit(stored, content)

    def abandon(self, image_id: int) -> None:
        """Give up what was begun as this image. Raises CatalogUnavailable, OSError."""
        self.writer = ImageWriter(self.place.layout, image_id)
        self._abandon()

    def _known(self, content: Fingerprint) -> int | None:
        self.place.jobs.note_content(self.lease, content.sha256, content.size_bytes)
        return self.place.images.with_content(content.sha256)

    @contextmanager
    def _abandoned_on_error(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self._abandon()
            raise

    @contextmanager
    def _judged_only_if_unchanged(self, path: Path, before: Snapshot) -> Iterator[None]:
        """Raises FileChanged, whatever was found wrong with a file that somebody is still writing to."""
        try:
            yield
        except FileError:
            self._check_unchanged(path, before)
            raise
        self._check_unchanged(path, before)

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
        if not is_readable(self.job.name):
            raise FileError(
                Reason.UNSUPPORTED_FORMAT,
                f"{self.job.name} is of no kind this server reads: names end in {', '.join(SUFFIXES)}",
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
            if not self._is_duplicate_of(known):
                return self._commit(stored, content)
            self._abandon()
            return known
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

    def _is_duplicate_of(self, known: int) -> bool:
        """Whether the job could be ended as that; the image may have been deleted since it was found."""
        return self.place.jobs.duplicate(self.lease, time.time(), known)

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
