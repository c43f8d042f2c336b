"""Where a file's description lies: `x.csv.json` (or `x.json`) beside `x.csv`, and with it wherever it goes."""

from __future__ import annotations

import stat
from pathlib import Path

from app.ingestion.readers import suffix_of
from app.pipeline.names import SIDECAR_SUFFIX

CLAIMED_NAME = ".description.json"
"""Its name in a claim, where no other file begins with a dot."""


def names_of_sidecar(name: str) -> tuple[str, ...]:
    """What the description of the file `name` may be called; the first that exists counts."""
    stem = name[: -len(suffix_of(name) or "")] or name
    return tuple(
        bare + suffix for bare in (name, stem) for suffix in (SIDECAR_SUFFIX, SIDECAR_SUFFIX.upper())
    )


def sidecar_beside(file: Path) -> Path | None:
    """The description of a file that lies under its own name; None where it has none."""
    if file.is_dir():
        return None
    beside = (file.with_name(name) for name in names_of_sidecar(file.name))
    return next(filter(_is_plain, beside), None)


def sidecar_in_claim(file: Path) -> Path | None:
    """The same for a file in its claim."""
    path = file.with_name(CLAIMED_NAME)
    return path if path.exists() else None


def name_with(target: Path) -> Path:
    """What the description is called once its file has this name."""
    return target.with_name(target.name + SIDECAR_SUFFIX)


def _is_plain(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:  # such a name may also be too long
        return False
