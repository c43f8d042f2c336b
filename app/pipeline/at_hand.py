"""A job's file on this machine's disk: where it lies, or fetched from a bucket for as long as it is read."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from app.errors import FileError, Reason
from app.pipeline.job_file import file_of
from app.pipeline.names import free_names
from app.pipeline.sidecars import name_with, names_of_sidecar
from app.pipeline.workplace import Workplace
from app.storage.catalog.tables import Job
from app.storage.leftovers import remove_leftovers

if TYPE_CHECKING:  # boto3 is for those who have a bucket
    from app.storage.arrays.bucket import Bucket

SCHEME = "s3://"
LEFT_OVER_SECONDS = 3600.0


def is_in_a_bucket(job: Job) -> bool:
    return job.path is not None and job.path.startswith(SCHEME)


@contextmanager
def at_hand(place: Workplace, job: Job) -> Iterator[Path]:
    """The file, with its description beside it if it has one.

    Raises FileError where it is gone, or another by now; StorageUnavailable, OSError.
    """
    if job.path is None or not is_in_a_bucket(job):
        yield file_of(job, place.folders)
        return
    folder = place.settings.db_dir / "cache" / "fetched"
    folder.mkdir(parents=True, exist_ok=True)
    remove_leftovers(folder.iterdir(), place.settings.file_seconds + LEFT_OVER_SECONDS)
    with tempfile.TemporaryDirectory(dir=folder, ignore_cleanup_errors=True) as scratch:
        yield _fetched(job, job.path, Path(scratch))


def _fetched(job: Job, uri: str, folder: Path) -> Path:
    bucket_name, _, key = uri.removeprefix(SCHEME).partition("/")
    bucket = bucket_at(SCHEME + bucket_name)
    beside, slash, name = key.rpartition("/")
    file = folder / next(free_names(name))
    found = bucket.fetch(key, file)
    if found is None:
        raise FileError(Reason.FILE_GONE, f"{job.name} was removed from its bucket before it could be read")
    if found.version != job.file_version:
        raise FileError(Reason.FILE_GONE, f"{job.name} was replaced in its bucket before it could be read")
    descriptions = bucket.together(bucket.find, [beside + slash + other for other in names_of_sidecar(name)])
    description = next((each for each in descriptions if each is not None), None)
    if description is not None:
        name_with(file).write_bytes(description)
    return file


@lru_cache(maxsize=8)
def bucket_at(uri: str) -> Bucket:
    """Raises StorageUnavailable."""
    from app.storage.arrays.bucket import Bucket

    return Bucket(uri)
