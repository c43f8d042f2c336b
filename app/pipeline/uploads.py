"""Files that come over HTTP: written to disk as they arrive, and queued once they are complete."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath

from app.errors import StorageUnavailable, UploadMalformed, UploadTooLarge
from app.ingestion.readers import READABLE, is_readable
from app.pipeline.destinations import destination_of_uploads
from app.pipeline.housekeeping import DRAFT_SECONDS
from app.pipeline.names import MAX_NAME_BYTES, is_ignored
from app.pipeline.workplace import Workplace


def upload_name(given: str) -> str:
    """The name a file is to have, from what a client says; it never is a path. Raises UploadMalformed."""
    name = PurePosixPath(given.replace("\\", "/")).name.strip()
    if not name or is_ignored(name) or not name.isprintable() or len(name.encode()) > MAX_NAME_BYTES:
        raise UploadMalformed(f"{given!r} is not a name for a file: give one such as survey.csv", name=given)
    if not is_readable(name):
        raise UploadMalformed(
            f"{name!r} is of no kind this server reads: {READABLE}",
            name=given,
        )
    return name


class Upload:
    """One file on its way in. Leaving the context without `finish` removes what has come."""

    def __init__(self, place: Workplace, name: str) -> None:
        self.place = place
        self.name = upload_name(name)
        self.limit = place.settings.max_upload_bytes
        self.size = 0

    def __enter__(self) -> Upload:
        self.draft = self.place.folders.uploads / f"{secrets.token_hex(8)}.part"
        with _translated():
            self.draft.parent.mkdir(parents=True, exist_ok=True)
            self.place.folders.sweep_uploads(DRAFT_SECONDS)  # the host need not see this disk
            self.file = self.draft.open("wb", buffering=0)
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()
        self.draft.unlink(missing_ok=True)

    def write(self, piece: bytes | bytearray) -> None:
        """Raises UploadTooLarge, StorageUnavailable."""
        self.size += len(piece)
        check_size(self.size, self.limit)
        view = memoryview(piece)
        with _translated():
            while view:
                view = view[self.file.write(view) :]

    def finish(self) -> int:
        """The id of the file's job; from here on it is not lost. Raises StorageUnavailable, CatalogUnavailable."""
        with _translated():
            os.fsync(self.file.fileno())
            self.file.close()
            return destination_of_uploads(self.place).queue(self.draft, self.name)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageUnavailable(f"the upload cannot be kept: {error}") from error


def check_size(size: int, limit: int) -> None:
    """Raises UploadTooLarge."""
    if size > limit:
        raise UploadTooLarge(
            f"a file may have {limit} bytes (BOREHOLE_MAX_UPLOAD_BYTES); copy larger ones into the data folder "
            "or the landing zone",
            max_bytes=limit,
        )
