"""The file that an SQLite catalog lies in, and whether it is still there."""

from __future__ import annotations

import os
from pathlib import Path

from app.errors import CatalogUnavailable


class SqliteFile:
    """A file that was removed or replaced can be read and written on, and what is written is never seen again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._opened = path.stat()

    def require_same(self) -> None:
        """Raises CatalogUnavailable where the path leads to another file by now, or to none."""
        try:
            same = os.path.samestat(self.path.stat(), self._opened)
        except OSError as error:
            raise CatalogUnavailable(f"the catalog {self.path} cannot be found: {error.strerror}") from error
        if not same:
            raise CatalogUnavailable(f"the catalog {self.path} was replaced: restart the server")
