"""What a folder or a bucket holds: files to ingest, and what cannot be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from app.storage.catalog.jobs_in_place import FileInPlace


class Why(StrEnum):
    """Why something that was listed got no job."""

    NOT_READABLE = "not_readable"
    NOT_A_REGULAR_FILE = "not_a_regular_file"
    UNSUPPORTED_FORMAT = "unsupported_format"
    NAME_IS_NO_TEXT = "name_is_no_text"
    OWN_FOLDER = "own_folder"
    FILE_GONE = "file_gone"


@dataclass(frozen=True)
class LeftOut:
    """failed: whether it should have been taken, and could not be."""

    path: str
    why: Why
    message: str
    failed: bool = False


class Listing(Protocol):
    def entries(self) -> Iterator[FileInPlace | LeftOut]:
        """All there is, in the order of the names. Never held in memory as a whole."""

    def complete(self, file: FileInPlace) -> FileInPlace | LeftOut | None:
        """The file as it is now; None while it is still being written."""

    def exists(self, path: str) -> bool: ...
