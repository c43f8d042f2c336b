"""A job's file as it was when it was taken up: on a disk, or in a bucket, from where it is fetched to be read.

All of it, or a part: whoever reads some lines of a long object fetches these and no more.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Protocol

from app.errors import FileChanged, FileError, Reason
from app.ingestion.fingerprint import Fingerprint, fingerprint
from app.ingestion.readers.csv_source import Lines
from app.pipeline.buckets import SCHEME, bucket_at, split_uri
from app.pipeline.data_folder import require_claim_here
from app.pipeline.job_file import file_of
from app.pipeline.names import free_names
from app.pipeline.sidecars import name_with, names_of_sidecar
from app.pipeline.stability import Snapshot
from app.pipeline.workplace import Workplace
from app.storage.catalog.tables import Job
from app.storage.leftovers import remove_leftovers

LEFT_OVER_SECONDS = 3600.0
CONNECTIONS = 4
"""At most, for one object: one alone does not use a network, but some servers hash all of it for every request."""
SMALLEST_PIECE = 64 * 1024 * 1024


class Original(Protocol):
    @property
    def content(self) -> Fingerprint | None:
        """Where it is known before the file is read."""

    def whole(self, place: Workplace) -> AbstractContextManager[Path]:
        """The file, with its description beside it if it has one.

        Raises FileError where it is gone, or another by now; StorageUnavailable, OSError.
        """

    def to_share(self, path: Path) -> Original:
        """For those who read it in parts. path: all of it. Raises OSError."""

    def part(self, place: Workplace, lines: Lines) -> AbstractContextManager[Path]:
        """A file that has these lines where the original has them. Raises as `whole`."""

    def check_unchanged(self) -> None:
        """Raises FileChanged where what was read may be part old, part new; OSError."""


def original_of(place: Workplace, job: Job) -> Original:
    """Raises FileError where there is none, or none that can be read; OSError."""
    if job.path is not None and job.path.startswith(SCHEME):
        return _in_bucket(job, job.path)
    require_claim_here(place, job)
    path = file_of(job, place.folders)
    return OnDisk(job.name, path, Snapshot.of(path.stat()))


def _in_bucket(job: Job, uri: str) -> InBucket:
    """As it was queued, or as it is now where it was queued without a version."""
    if job.file_version is not None:
        return InBucket(job.name, uri, job.file_version, job.size_bytes)
    bucket, key = split_uri(uri)
    found = bucket_at(bucket).look_at(key)
    if found is None:
        raise _gone(job.name)
    return InBucket(job.name, uri, found.version, found.size_bytes)


@dataclass(frozen=True)
class OnDisk:
    name: str
    path: Path
    snapshot: Snapshot
    content: ClassVar[None] = None

    def whole(self, place: Workplace) -> AbstractContextManager[Path]:
        return nullcontext(self.path)

    def to_share(self, path: Path) -> OnDisk:
        return self

    def part(self, place: Workplace, lines: Lines) -> AbstractContextManager[Path]:
        return nullcontext(self.path)

    def check_unchanged(self) -> None:
        if Snapshot.of(self.path.stat()) != self.snapshot:
            raise FileChanged(f"{self.name} changed while it was read")


@dataclass(frozen=True)
class InBucket:
    """uri: `s3://bucket/key`. version: no other is ever read."""

    name: str
    uri: str
    version: str
    size_bytes: int
    content: Fingerprint | None = None

    @contextmanager
    def whole(self, place: Workplace) -> Iterator[Path]:
        with self._scratch(place) as file:
            self._fetch(file, _pieces(0, self.size_bytes))
            self._fetch_description(file)
            yield file

    def to_share(self, path: Path) -> InBucket:
        """Nobody else will have all of it, to hash it."""
        return replace(self, content=fingerprint(path))

    @contextmanager
    def part(self, place: Workplace, lines: Lines) -> Iterator[Path]:
        with self._scratch(place) as file:
            self._fetch(file, _pieces(lines.offset, lines.stop))
            yield file

    def check_unchanged(self) -> None:
        """Whatever lies there by now, what was fetched is all of one version."""

    @contextmanager
    def _scratch(self, place: Workplace) -> Iterator[Path]:
        folder = place.settings.db_dir / "cache" / "fetched"
        folder.mkdir(parents=True, exist_ok=True)
        remove_leftovers(folder.iterdir(), place.settings.file_seconds + LEFT_OVER_SECONDS)
        name = self.uri.rpartition("/")[2]
        with tempfile.TemporaryDirectory(dir=folder, ignore_cleanup_errors=True) as scratch:
            file = Path(scratch) / next(free_names(name))
            file.touch()
            yield file

    def _fetch(self, file: Path, pieces: Sequence[tuple[int, int]]) -> None:
        uri, key = split_uri(self.uri)
        bucket = bucket_at(uri)
        found = bucket.together(lambda piece: bucket.fetch(key, file, *piece), pieces)
        if None in found:
            raise _gone(self.name)
        if any(each.version != self.version for each in found if each is not None):
            raise FileError(
                Reason.FILE_GONE, f"{self.name} was replaced in its bucket before it could be read"
            )

    def _fetch_description(self, file: Path) -> None:
        uri, key = split_uri(self.uri)
        bucket = bucket_at(uri)
        folder, slash, name = key.rpartition("/")
        found = bucket.together(bucket.find, [folder + slash + other for other in names_of_sidecar(name)])
        description = next((each for each in found if each is not None), None)
        if description is not None:
            name_with(file).write_bytes(description)


def _gone(name: str) -> FileError:
    return FileError(Reason.FILE_GONE, f"{name} was removed from its bucket before it could be read")


def _pieces(start: int, stop: int) -> list[tuple[int, int]]:
    """At least one, that the object is asked for at all."""
    size = max(SMALLEST_PIECE, -(-(stop - start) // CONNECTIONS))
    return [(begin, min(begin + size, stop)) for begin in range(start, max(stop, start + 1), size)]
