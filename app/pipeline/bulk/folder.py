"""The files below a folder."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Collection, Iterator
from pathlib import Path

from app.ingestion.readers import READABLE, is_readable
from app.pipeline.bulk.listing import LeftOut, Why
from app.pipeline.names import is_ignored, printable
from app.pipeline.writers import is_being_written
from app.storage.catalog.jobs_in_place import FileInPlace

_FOLDERS_OF_SYSTEMS = frozenset({"@eadir", "lost+found"})


def version_of(status: os.stat_result) -> str:
    """What a file is at this moment, as far as can be told without reading it."""
    return f"{status.st_size}-{status.st_mtime_ns}"


class Folder:
    """Hidden and temporary files are passed over without a word, as in the data folder, and so are descriptions.

    own: folders of this server that may lie below it; what is in them is not for the taking.
    """

    def __init__(self, root: Path, stable_seconds: float, own: Collection[Path] = ()) -> None:
        self.root = Path(os.path.normpath(root.absolute()))  # links stay as they are named
        self.stable_seconds = stable_seconds
        self.own = {folder.resolve() for folder in own}

    def entries(self) -> Iterator[FileInPlace | LeftOut]:
        """Links are not followed: what they lead to has a name of its own."""
        folders = [self.root]
        while folders:
            below: list[Path] = []
            yield from self._within(folders.pop(), below)
            folders.extend(reversed(below))

    def complete(self, file: FileInPlace) -> FileInPlace | LeftOut | None:
        path = Path(file.path)
        found = self._looked_at(path)
        if isinstance(found, LeftOut):
            return found
        if not os.access(path, os.R_OK):
            return LeftOut(file.path, Why.NOT_READABLE, "the file may not be read", failed=True)
        age = time.time() - found.st_mtime
        if 0 <= age < self.stable_seconds or is_being_written(path):
            return None
        return self._file(path, found)

    def exists(self, path: str) -> bool:
        return Path(path).exists()

    def _within(self, folder: Path, below: list[Path]) -> Iterator[FileInPlace | LeftOut]:
        """The files of one folder; the folders in it go to `below`."""
        try:
            with os.scandir(folder) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            text = f"the folder cannot be read: {error.strerror}"
            yield LeftOut(printable(str(folder)), Why.NOT_READABLE, text, failed=True)
            return
        for entry in entries:
            path, is_folder = Path(entry.path), entry.is_dir(follow_symlinks=False)
            if _is_passed_over(entry.name, is_folder):
                continue
            if printable(entry.name) != entry.name:
                yield LeftOut(
                    printable(str(path)),
                    Why.NAME_IS_NO_TEXT,
                    "its name is no UTF-8: rename it to have it taken",
                )
            elif not is_folder:
                yield self._found(path)
            elif path.resolve() in self.own:
                yield LeftOut(str(path), Why.OWN_FOLDER, "this server's own folder")
            else:
                below.append(path)

    def _found(self, path: Path) -> FileInPlace | LeftOut:
        found = self._looked_at(path)
        if isinstance(found, LeftOut):
            return found
        if not is_readable(path.name):
            return LeftOut(
                str(path), Why.UNSUPPORTED_FORMAT, f"of no kind that this server reads: {READABLE}"
            )
        return self._file(path, found)

    def _looked_at(self, path: Path) -> os.stat_result | LeftOut:
        try:
            found = path.lstat()
        except FileNotFoundError:
            return LeftOut(str(path), Why.FILE_GONE, "removed while the folder was read")
        except OSError as error:
            return LeftOut(
                str(path), Why.NOT_READABLE, f"the file cannot be looked at: {error.strerror}", failed=True
            )
        if not stat.S_ISREG(found.st_mode):
            return LeftOut(str(path), Why.NOT_A_REGULAR_FILE, "a link, a device or a pipe")
        return found

    def _file(self, path: Path, found: os.stat_result) -> FileInPlace:
        name = str(path.relative_to(self.root))
        return FileInPlace(str(path), name, found.st_size, version_of(found))


def _is_passed_over(name: str, is_folder: bool) -> bool:
    if is_folder:
        return name.startswith(".") or name.lower() in _FOLDERS_OF_SYSTEMS
    return is_ignored(name)
