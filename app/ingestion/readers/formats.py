"""Which files can be read, by the ends of their names, and what reads each.

A reader's module imports the library it needs only where a file is read: the server knows all of these.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.errors import FileError, Reason
from app.ingestion.readers.csv_file import CsvFile
from app.ingestion.readers.dlis_file import DlisFile
from app.ingestion.readers.las_file import LasFile
from app.ingestion.readers.npy_file import NpyFile
from app.ingestion.readers.npz_file import NpzFile
from app.ingestion.readers.packed import PackedFile, Unpack, gunzip, unzip, unzstd
from app.ingestion.readers.parquet_file import ParquetFile
from app.ingestion.readers.signatures import DLIS, LAS, LONGEST, kind_of
from app.ingestion.readers.source import ImageFile
from app.settings import Settings


@dataclass(frozen=True)
class Format:
    """kind: what `kind_of` says of such a file's first bytes; None for text."""

    open: Callable[[Path, Settings], ImageFile]
    kind: str | None = None


@dataclass(frozen=True)
class Packing:
    """kind: as for a Format. alone: whether such a name says nothing of what is packed in the file."""

    unpack: Unpack
    kind: str
    alone: bool = False


_FORMATS: dict[str, Format] = {
    **dict.fromkeys((".csv", ".tsv", ".txt", ".dat", ".asc"), Format(CsvFile)),
    ".las": Format(LasFile, LAS),
    ".dlis": Format(DlisFile, DLIS),
    ".parquet": Format(ParquetFile, "a Parquet file"),
    ".npy": Format(NpyFile, "a NumPy array"),
    ".npz": Format(NpzFile, "a ZIP archive or an Excel workbook"),
}

_PACKINGS: dict[str, Packing] = {
    ".gz": Packing(gunzip, "a gzip archive"),
    ".zst": Packing(unzstd, "a Zstandard archive"),
    ".zip": Packing(unzip, "a ZIP archive or an Excel workbook", alone=True),
}

SUFFIXES = (*_FORMATS, *(suffix for suffix, packing in _PACKINGS.items() if packing.alone))
"""In lower case. Those of formats may be followed by that of a packing: `.csv.gz`."""

READABLE = f"names end in {', '.join(SUFFIXES)}, or with .gz or .zst behind that"


def suffix_of(name: str) -> str | None:
    """The end of the name, in lower case, that tells what it is: the longest that is known; None where none is."""
    bare, packing = _without_packing(name.lower())
    if packing in SUFFIXES:
        return packing
    matching = [suffix for suffix in _FORMATS if bare.endswith(suffix)]
    return max(matching, key=len) + packing if matching else None


def is_readable(name: str) -> bool:
    return suffix_of(name) is not None


def open_file(path: Path, settings: Settings) -> ImageFile:
    """The images in the file. Raises FileError where its name, its head, or the lack of any rows, rules it out."""
    suffix = suffix_of(path.name)
    if suffix is None:
        raise _unreadable(path.name)
    _, ending = _without_packing(suffix)
    if not ending:
        return _open(path, path.name, settings)
    packing = _PACKINGS[ending]
    _check_kind(path, path.name, packing.kind)
    unpacked = packing.unpack(path, settings)
    return PackedFile(unpacked, _open(unpacked.scratch.path, unpacked.name, settings))


def _open(path: Path, name: str, settings: Settings) -> ImageFile:
    """A file that is not packed. name: what it is called, whatever its path."""
    suffix = suffix_of(name)
    if suffix not in _FORMATS:
        raise _unreadable(name)
    expected = _FORMATS[suffix]
    _check_kind(path, name, expected.kind)
    return expected.open(path, settings)


def _without_packing(name: str) -> tuple[str, str]:
    """The name, in lower case, without the suffix of a packing, and that suffix; "" where it has none."""
    packing = next((suffix for suffix in _PACKINGS if name.endswith(suffix)), "")
    return name.removesuffix(packing), packing


def _check_kind(path: Path, name: str, expected: str | None) -> None:
    with path.open("rb") as file:
        kind = kind_of(file.read(LONGEST))
    if kind is not None and kind != expected:
        raise FileError(
            Reason.UNSUPPORTED_FORMAT,
            f"{name} is {kind}, whatever its name says. {_advice(kind)}",
        )


def _unreadable(name: str) -> FileError:
    return FileError(Reason.UNSUPPORTED_FORMAT, f"{name} is of no kind this server reads: {READABLE}")


def _advice(kind: str) -> str:
    """What would help with a file that is not what its name says."""
    fitting = [suffix for suffix, format_ in _FORMATS.items() if format_.kind == kind]
    for suffix, packing in _PACKINGS.items():
        if packing.kind == kind:
            fitting.append(suffix if packing.alone else f".csv{suffix}")
    if fitting:
        return f"Rename it so that its name ends in {' or '.join(fitting)}."
    return f"This server reads files whose {READABLE}."
