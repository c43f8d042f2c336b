"""Which files can be read, by the ends of their names, and what reads each.

A reader's module imports the library it needs only where a file is read: the server knows all of these.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.errors import FileError, Reason
from app.ingestion.readers.csv_file import CsvFile
from app.ingestion.readers.las_file import LasFile
from app.ingestion.readers.signatures import LAS, LONGEST, kind_of
from app.ingestion.readers.source import ImageFile
from app.settings import Settings


@dataclass(frozen=True)
class Format:
    """kind: what `kind_of` says of such a file's first bytes; None for text."""

    open: Callable[[Path, Settings], ImageFile]
    kind: str | None = None


_FORMATS: dict[str, Format] = {
    **dict.fromkeys((".csv", ".tsv", ".txt", ".dat", ".asc"), Format(CsvFile)),
    ".las": Format(LasFile, LAS),
}

SUFFIXES = tuple(_FORMATS)
"""In lower case."""


def suffix_of(name: str) -> str | None:
    """The longest of the SUFFIXES that the name ends in, in any case; None where it ends in none."""
    matching = [suffix for suffix in SUFFIXES if name.lower().endswith(suffix)]
    return max(matching, key=len, default=None)


def is_readable(name: str) -> bool:
    return suffix_of(name) is not None


def open_file(path: Path, settings: Settings) -> ImageFile:
    """The images in the file. Raises FileError where its name, its head, or the lack of any rows, rules it out."""
    suffix = suffix_of(path.name)
    if suffix is None:
        raise FileError(
            Reason.UNSUPPORTED_FORMAT,
            f"{path.name} is of no kind this server reads: names end in {', '.join(SUFFIXES)}",
        )
    expected = _FORMATS[suffix]
    with path.open("rb") as file:
        kind = kind_of(file.read(LONGEST))
    if kind is not None and kind != expected.kind:
        raise FileError(
            Reason.UNSUPPORTED_FORMAT,
            f"{path.name} is {kind}, whatever its name says. {_advice(kind)}",
        )
    return expected.open(path, settings)


def _advice(kind: str) -> str:
    """What would help with a file that is not what its name says."""
    fitting = [suffix for suffix, format_ in _FORMATS.items() if format_.kind == kind]
    if fitting:
        return f"Rename it so that its name ends in {' or '.join(fitting)}."
    return f"This server reads files whose names end in {', '.join(SUFFIXES)}."
