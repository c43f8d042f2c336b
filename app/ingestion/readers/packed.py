"""Compressed files: gzip, Zstandard, and ZIP archives of one file, unpacked into a scratch file piece by piece."""

from __future__ import annotations

import errno
import gzip
import struct
import sys
import weakref
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import NamedTuple, Protocol

from app.errors import FileError, Reason
from app.ingestion.readers.scratch import Scratch
from app.ingestion.readers.source import ImageFile, Source
from app.settings import Settings

PIECE_BYTES = 1 << 20
HIGHEST_RATIO = 200
"""Text of numbers is packed 3 to 20 times smaller; only many times the same row comes near this."""
FREE_BYTES = 64 << 20
"""So much may come out whatever the ratio."""


class Unpacked(NamedTuple):
    """name: of the file that was packed, without any path."""

    scratch: Scratch
    name: str


Unpack = Callable[[Path, Settings], Unpacked]
"""Raises FileError for what is wrong with the file, OSError for what is not, such as a full disk."""


class Stream(Protocol):
    def read(self, size: int, /) -> bytes: ...


class PackedFile:
    """The images of an unpacked file, which is there for as long as one of them, or one of their sources, is.

    No longer: nothing here refers to itself, or its room on the disk would wait for a collection of garbage.
    """

    def __init__(self, unpacked: Unpacked, inner: ImageFile) -> None:
        self.images = tuple(
            replace(image, open=partial(_open, image.open, unpacked.scratch)) for image in inner.images
        )


def _open(inner: Callable[[], Source], scratch: Scratch) -> Source:
    source = inner()
    weakref.finalize(source, _let_go, scratch)
    return source


def _let_go(scratch: Scratch) -> None:
    """What holds `scratch` until then is the call to come."""


def gunzip(path: Path, settings: Settings) -> Unpacked:
    with damage_told(path.name), gzip.open(path) as packed:
        return _unpacked(packed, path, path.stem, settings)


def unzstd(path: Path, settings: Settings) -> Unpacked:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd

    with damage_told(path.name, zstd.ZstdError), zstd.open(path) as packed:
        return _unpacked(packed, path, path.stem, settings)


def unzip(path: Path, settings: Settings) -> Unpacked:
    with damage_told(path.name), zipfile.ZipFile(path) as archive:
        member = _only_member(archive, path.name)
        with archive.open(member) as packed:
            return _unpacked(packed, path, _base_name(member), settings)


def _unpacked(packed: Stream, path: Path, name: str, settings: Settings) -> Unpacked:
    return Unpacked(copied(packed, path, settings), name)


def copied(packed: Stream, path: Path, settings: Settings) -> Scratch:
    """What comes out of the packed file `path`, in a file. Raises FileError where it is too much, OSError."""
    scratch = Scratch(settings.data_dir)
    most = min(settings.max_unpacked_bytes, max(FREE_BYTES, HIGHEST_RATIO * path.stat().st_size))
    size = 0
    while piece := packed.read(PIECE_BYTES):
        size += len(piece)
        if size > most:
            raise _too_large(path, most, settings)
        scratch.file.write(piece)
    scratch.file.flush()
    return scratch


def _too_large(path: Path, most: int, settings: Settings) -> FileError:
    if most == settings.max_unpacked_bytes:
        why = f"BOREHOLE_MAX_UNPACKED_BYTES allows {most}"
    else:
        why = f"that is over {HIGHEST_RATIO} times its size, more than an image ever shrinks by"
    return FileError(
        Reason.UNPACKED_TOO_LARGE,
        f"{path.name} unpacks to more than {most} bytes: {why}. Drop the file itself, unpacked.",
    )


def _only_member(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    members = [info for info in archive.infolist() if not info.is_dir() and not _is_litter(info.filename)]
    if len(members) != 1:
        some = ", ".join(repr(_base_name(info)[:60]) for info in members[:3])
        several = f"{len(members)} files, {some} …" if members else "no file"
        raise FileError(
            Reason.NOT_ONE_FILE, f"{name} holds {several}: pack each file into an archive of its own."
        )
    (member,) = members
    check_readable(member, name)
    return member


def check_readable(member: zipfile.ZipInfo, name: str) -> None:
    """Raises FileError where a member of the archive `name` is packed in a way that is not read."""
    if member.flag_bits & 0x1:
        raise FileError(Reason.UNSUPPORTED_FORMAT, f"{name} is encrypted: pack it without a password.")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise FileError(
            Reason.UNSUPPORTED_FORMAT,
            f"{name} is packed in a way (method {member.compress_type}) that is not read here: use deflate.",
        )


def _base_name(member: zipfile.ZipInfo) -> str:
    return PurePosixPath(member.filename.replace("\\", "/")).name


def _is_litter(name: str) -> bool:
    """What systems put into archives unasked."""
    path = PurePosixPath(name.replace("\\", "/"))
    return path.name.startswith(".") or path.name.casefold() == "thumbs.db" or "__MACOSX" in path.parts


@contextmanager
def damage_told(name: str, *kinds: type[Exception]) -> Iterator[None]:
    """Raises FileError (damaged) for what the libraries raise over the content of the packed file `name`."""
    expected: tuple[type[Exception], ...] = (
        gzip.BadGzipFile,
        zipfile.BadZipFile,
        zlib.error,
        struct.error,
        EOFError,
        NotImplementedError,
        OverflowError,
        RuntimeError,
        ValueError,
        *kinds,
    )
    try:
        yield
    except expected as error:
        raise _damaged(name, error) from error
    except OSError as error:
        if error.errno != errno.EINVAL:  # else a place to read at that no file has
            raise
        raise _damaged(name, error) from error


def _damaged(name: str, error: Exception) -> FileError:
    said = str(error)[:100]
    return FileError(
        Reason.DAMAGED,
        f"{name} cannot be unpacked ({said}): it was cut short or damaged on its way here.",
    )
