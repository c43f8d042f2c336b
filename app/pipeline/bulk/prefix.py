"""The objects of a bucket whose names begin alike."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from app.ingestion.readers import READABLE, is_readable
from app.pipeline.bulk.listing import LeftOut, Why
from app.pipeline.names import is_ignored
from app.storage.arrays.bucket import Bucket, StoredObject
from app.storage.catalog.jobs_in_place import FileInPlace


class Prefix:
    """uri: `s3://bucket/prefix`. An object appears as a whole, so all that are listed are complete."""

    def __init__(self, uri: str) -> None:
        """Raises StorageUnavailable."""
        self.bucket = Bucket(uri)

    def entries(self) -> Iterator[FileInPlace | LeftOut]:
        """Raises StorageUnavailable where the bucket does not answer, and goes on when asked again."""
        return _Entries(self.bucket)

    def complete(self, file: FileInPlace) -> FileInPlace:
        return file

    def exists(self, path: str) -> bool:
        return self.bucket.has(path.removeprefix(self.bucket.uri).lstrip("/"))


class _Entries(Iterator[FileInPlace | LeftOut]):
    def __init__(self, bucket: Bucket) -> None:
        self.bucket = bucket
        self.page: deque[StoredObject] = deque()
        self.last: str | None = ""

    def __next__(self) -> FileInPlace | LeftOut:
        while True:
            found = self._next_object()
            folders, _, name = found.key.rpartition("/")
            if not name or is_ignored(name) or any(part.startswith(".") for part in folders.split("/")):
                continue
            path = f"{self.bucket.uri}/{found.key}"
            if not is_readable(name):
                return LeftOut(path, Why.UNSUPPORTED_FORMAT, f"of no kind that this server reads: {READABLE}")
            return FileInPlace(path, found.key, found.size_bytes, found.version)

    def _next_object(self) -> StoredObject:
        if not self.page and self.last is not None:
            self.page.extend(self.bucket.page(self.last))
            self.last = self.page[-1].key if self.page else None
        if not self.page:
            raise StopIteration
        return self.page.popleft()
