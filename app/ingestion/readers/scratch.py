"""Files that only the process that made them knows, and that are gone with it."""

from __future__ import annotations

import sys
import tempfile
import weakref
from pathlib import Path
from typing import IO

PREFIX = ".scratch-"
"""Of names that are not looked at, where a system knows no file without one."""


class Scratch:
    """A file beside the data, however large, that no death leaves behind: on Linux it has no name.

    path: opens it anew, for as long as this object lives.
    """

    def __init__(self, folder: Path) -> None:
        """Raises OSError."""
        folder.mkdir(parents=True, exist_ok=True)
        self.file, self.path = _opened(folder)
        weakref.finalize(self, self.file.close)


def _opened(folder: Path) -> tuple[IO[bytes], Path]:
    if sys.platform == "linux":
        unnamed = tempfile.TemporaryFile(dir=folder, prefix=PREFIX)  # noqa: SIM115
        return unnamed, Path(f"/proc/self/fd/{unnamed.fileno()}")
    named = tempfile.NamedTemporaryFile(dir=folder, prefix=PREFIX)  # noqa: SIM115
    return named, Path(named.name)
