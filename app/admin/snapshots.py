"""A folder of backups, such as `000003_2026-11-25T03-43-54Z`: each whole; what two have in common is one file."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

from app.admin.manifest import MANIFEST
from app.errors import CommandRefused

INCOMPLETE = ".incomplete-"
NAME = re.compile(r"(\d{6,})_")


def snapshots(folder: Path) -> list[Path]:
    """The complete ones, oldest first."""
    found = [path for path in folder.glob("*_*/") if NAME.match(path.name) and (path / MANIFEST).is_file()]
    return sorted(found, key=_number)


def latest(folder: Path) -> Path:
    """The folder itself where it is a backup, or else the newest in it. Raises CommandRefused."""
    if (folder / MANIFEST).is_file():
        return folder
    found = snapshots(folder)
    if not found:
        raise CommandRefused(f"{folder} holds no complete backup")
    return found[-1]


def next_name(folder: Path, now: datetime) -> str:
    """Numbered, so that the newest is the newest whatever the clock says."""
    taken = [_number(path) for path in folder.glob("*_*/") if NAME.match(path.name)]
    return f"{max(taken, default=0) + 1:06d}_{now:%Y-%m-%dT%H-%M-%SZ}"


def _number(path: Path) -> int:
    match = NAME.match(path.name)
    return int(match[1]) if match else 0
