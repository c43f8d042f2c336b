"""One attempt at one file: from where it lies to the catalog's rows for its images."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.exc import IntegrityError

from app.errors import CatalogUnavailable, FileError, TransientError
from app.ingestion.fingerprint import Fingerprint, fingerprint, line_ends
from app.ingestion.metadata import Said, overridden, within_bounds
from app.ingestion.parts import Division, StoredPart, divide, join_parts
from app.ingestion.readers import FoundImage, Metadata, open_file
from app.ingestion.readers.csv_file import CsvFile
from app.ingestion.storing import store_image
from app.pipeline.image_records import describe, image_record
from app.pipeline.job_file import said_beside
from app.pipeline.originals import Original, original_of
from app.pipeline.workplace import Workplace
from app.storage.arrays.writing import ImageWriter
from app.storage.catalog.leases import Lease
from app.storage.catalog.tables import Image, Job

PROGRESS_SECONDS = 0.5

Progress = Callable[[int, int], None]
"""Told how many rows are done, of about how many."""


@dataclass(frozen=True)
class Divided:
    """An attempt under way in parts. metadata: of the one image that a file of this kind holds. began: UTC."""

    job: Job
    lease: Lease
    original: Original
    image_id: int
    division: Division
    metadata: Metadata
    began: float


class Attempt:
    """One attempt at one file, or one process's share in it."""

    def __init__(self, place: Workplace, job: Job, lease: Lease, progress: Progress | None = None) -> None:
        self.place = place
        self.job = job
        self.lease = lease
        self.told = progress
        self.said = Said()
        self.content: Fingerprint | None = None
        """Where it had to be found out before the file is read."""
        self.begun: list[int] = []
        """Ids of the images that this attempt has written to."""
        self.rows_before = 0
        """Rows of the images of this file that are stored already."""
        self.rows_total = 0
        self.last_progress = time.monotonic()

    def run(self, workers: int) -> list[int] | Divided:
        """The ids of the images that hold this content, in the order of the file: new, or stored before.

        With several workers a long file is only begun, for them to read it in parts.
        Raises FileError, FileChanged, StorageUnavailable, CatalogUnavailable, LeaseLost, OSError.
        """
        original = original_of(self.place, self.job)
        with original.whole(self.place) as path:
            return self._read(original, path, workers)

    def _read(self, original: Original, path: Path, workers: int) -> list[int] | Divided:
        with self._abandoned_on_error(), self._judged_only_if_unchanged(original):
            file = open_file(path, self.place.settings)
            self.said = said_beside(self.job, path)
            divided = self._divided(original, path, file, workers) if isinstance(file, CsvFile) else None
            if divided is not None:
                return divided
        content = self.content or fingerprint(path)
        known = self._known(content)
        while not (missing := [image for image in file.images if image.channel not in known]):
            original.check_unchanged()
            image_ids = [known[image.channel] for image in file.images]
            if self._are_known(image_ids):
                return image_ids
            known = self.place.images.of_content(content.sha256)  # one has been deleted since
        self.rows_total = self.rows_total or sum(image.rows or 0 for image in missing)
        with self._abandoned_on_error():
            with self._judged_only_if_unchanged(original):
                records = {image.channel: self._stored(image, content) for image in missing}
            return self._commit([image.channel for image in file.images], records, known)

    def join(self, divided: Divided, content: Fingerprint, parts: Sequence[StoredPart]) -> list[int]:
        """The id of the image that the parts make. Raises PartsDiffer, and what `run` raises."""
        self.begun = [divided.image_id]
        with self._abandoned_on_error():
            known = self._known(content)
            if known:
                divided.original.check_unchanged()
                if self._are_known(list(known.values())):
                    self._abandon()
                    return list(known.values())
            with self._judged_only_if_unchanged(divided.original):
                writer = ImageWriter(self.place.arrays, divided.image_id)
                stored = join_parts(divided.division, parts, writer, self.place.settings)
            record = image_record(self.place, self.job.name, "", content, stored, divided.metadata)
            return self._commit([""], {"": record}, {})

    def abandon(self, image_id: int) -> None:
        """Give up what was begun as this image. Raises CatalogUnavailable, OSError."""
        self.begun = [image_id]
        self._abandon()

    def _divided(self, original: Original, path: Path, file: CsvFile, workers: int) -> Divided | None:
        ends = line_ends(path)
        self.rows_total = max(0, ends.lines - 1)
        division = divide(path, ends, self.place.settings, workers)
        if division is None:
            return None
        shared = original.to_share(path)
        self.content = shared.content
        if self.content is not None and self._known(self.content):
            return None
        metadata = self._metadata(file.images[0])
        image_id = self._begin().image_id
        return Divided(self.job, self.lease, shared, image_id, division, metadata, time.time())

    def _metadata(self, image: FoundImage) -> Metadata:
        return overridden(within_bounds(image.metadata), self.said)

    def _stored(self, image: FoundImage, content: Fingerprint) -> Image:
        try:
            stored = store_image(image.open, self._begin, self.place.settings, self._progress)
        except FileError as error:
            raise error.in_channel(image.channel) if image.channel else error from error
        self.rows_before += stored.rows
        metadata = self._metadata(image)
        return image_record(self.place, self.job.name, image.channel, content, stored, metadata)

    def _known(self, content: Fingerprint) -> dict[str, int]:
        self.place.jobs.note_content(self.lease, content.sha256, content.size_bytes)
        return self.place.images.of_content(content.sha256)

    @contextmanager
    def _abandoned_on_error(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self._abandon()
            raise

    @contextmanager
    def _judged_only_if_unchanged(self, original: Original) -> Iterator[None]:
        """Raises FileChanged, whatever was found wrong with a file that somebody is still writing to."""
        try:
            yield
        except FileError:
            original.check_unchanged()
            raise
        original.check_unchanged()

    def _begin(self) -> ImageWriter:
        image_id = self.place.images.begin(self.lease, time.time())
        self.begun.append(image_id)
        return ImageWriter(self.place.arrays, image_id)

    def _progress(self, rows_of_image: int) -> None:
        rows_done = self.rows_before + rows_of_image
        total = max(rows_done, self.rows_total)
        if self.told is not None:
            self.told(rows_done, total)
        if time.monotonic() - self.last_progress >= PROGRESS_SECONDS:
            self.last_progress = time.monotonic()
            with suppress(CatalogUnavailable):  # it is the commit that counts
                self.place.jobs.progress(self.lease, time.time(), rows_done, total)

    def _commit(
        self, channels: Sequence[str], records: Mapping[str, Image], known: Mapping[str, int]
    ) -> list[int]:
        """The ids of the images of all `channels`: those of `records` exist from here on, all or none.

        known: what had been stored before, of this content. What somebody else stored meanwhile is given up here.
        """
        images = {channel: image.id for channel, image in records.items()} | dict(known)
        if not images.keys() >= set(channels):
            raise TransientError(f"an image of {self.job.name} was deleted while the others were read")
        image_ids = [images[channel] for channel in channels]
        new = [image for channel, image in records.items() if channel not in known]
        if self._ends_as(new, image_ids):
            self.begun = [image_id for image_id in self.begun if image_id not in image_ids]
            self._abandon()
            return image_ids
        skipped = {channel: image_id for channel, image_id in known.items() if channel not in records}
        by_now = skipped | self._stored_by_others(records)
        if by_now == known:
            raise TransientError(f"an image that {self.job.name} equals was deleted meanwhile")
        return self._commit(channels, records, by_now)

    def _ends_as(self, new: Sequence[Image], image_ids: Sequence[int]) -> bool:
        """Whether the job could be ended; else images of this content came, or were deleted, since we looked."""
        if not new:
            return self._are_known(image_ids)
        for image in new:
            describe(self.place, image)
        try:
            self.place.images.commit(self.lease, new[-1].created_at, new, of_job=image_ids)
        except IntegrityError:
            if not self._stored_by_others({image.channel: image for image in new}):
                raise
            return False
        return True

    def _stored_by_others(self, records: Mapping[str, Image]) -> dict[str, int]:
        sha256 = next(iter(records.values())).sha256
        known = self.place.images.of_content(sha256)
        return {channel: image_id for channel, image_id in known.items() if channel in records}

    def _are_known(self, image_ids: Sequence[int]) -> bool:
        """Whether the job could be ended as these; an image may have been deleted since it was found."""
        return self.place.jobs.duplicate(self.lease, time.time(), image_ids)

    def _abandon(self) -> None:
        """Nobody else knows of what we wrote and is not committed: take it away at once.

        A commit whose answer got lost may have been made, so only the catalog says that an image does not exist.
        """
        for image_id in self.begun:
            if self.place.images.abandon(image_id):
                self.place.arrays.erase(image_id)
                self.place.images.mark_swept(image_id)
        self.begun = []
