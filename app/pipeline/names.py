"""Which names in the data folder are files to take, and which names they get when they leave it."""

from __future__ import annotations

from collections.abc import Iterator

from app.ingestion.readers import suffix_of

MAX_NAME_BYTES = 255
ERROR_SUFFIX = ".error.json"
SIDECAR_SUFFIX = ".json"

_IGNORED_NAMES = frozenset({"thumbs.db", "desktop.ini", "@eadir", "lost+found", "processed", "failed"})
_TEMPORARY_SUFFIXES = (
    ".tmp",
    ".temp",
    ".part",
    ".partial",
    ".filepart",
    ".crdownload",
    ".download",
    ".swp",
    "~",
)


def is_ignored(name: str) -> bool:
    """Hidden files, what systems leave behind, names that programs use while they still write, our own reports,
    and descriptions of other files.
    """
    lower = name.lower()
    return (
        lower.startswith((".", "~$"))
        or lower in _IGNORED_NAMES
        or lower.endswith((SIDECAR_SUFFIX, *_TEMPORARY_SUFFIXES))
    )


def free_names(name: str, companion: str = "") -> Iterator[str]:
    """`x.csv`, then `x_2.csv`, `x_3.csv` …: each short enough for a file system, also with `companion` added."""
    stem, suffix = _parts(name)
    number = 1
    while True:
        tail = ("" if number == 1 else f"_{number}") + suffix
        room = MAX_NAME_BYTES - len(_bytes(tail + companion))
        yield _shortened(stem, room) + tail
        number += 1


def _parts(name: str) -> tuple[str, str]:
    """The name in two, before what tells its kind: `x.csv.gz` before `.csv.gz`."""
    stem, dot, suffix = name.rpartition(".")
    if known := suffix_of(name):
        return name[: -len(known)], name[-len(known) :]
    return (stem, dot + suffix) if stem and len(suffix) <= 8 else (name, "")


def printable(name: str) -> str:
    """The name as text that any database, log or page can hold: undecodable bytes as escapes."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _shortened(text: str, room: int) -> str:
    while len(_bytes(text)) > room:
        text = text[:-1]
    return text
