"""Arrays on the local disk that live for one read or write of a bucket's fragments."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from app.errors import StorageUnavailable
from app.storage.leftovers import remove_leftovers


class Scratch:
    """The folder below which they lie."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def array(self, files: Mapping[str, bytes]) -> Iterator[Path]:
        """An array of these files, by their names in it; gone at the end with all that was written to it.

        Raises StorageUnavailable where the local disk refuses.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self.folder, ignore_cleanup_errors=True) as folder:
                for name, content in files.items():
                    file = Path(folder) / name
                    file.parent.mkdir(parents=True, exist_ok=True)
                    file.write_bytes(content)
                yield Path(folder)
        except OSError as error:
            raise StorageUnavailable(
                f"{self.folder} does not take what a bucket's rows need: {error}"
            ) from error

    def sweep(self, older_than_seconds: float) -> None:
        """Remove what somebody left who was killed."""
        remove_leftovers(self.folder.glob("*"), older_than_seconds)
