"""Folders that somebody who was killed has left behind."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path


def remove_leftovers(folders: Iterable[Path], older_than_seconds: float) -> None:
    """Those of them that nobody has changed for so long. Safe while others do the same."""
    for folder in folders:
        with suppress(FileNotFoundError):  # another was quicker
            if time.time() - folder.stat().st_mtime >= older_than_seconds:
                shutil.rmtree(folder, ignore_errors=True)
