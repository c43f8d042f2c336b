"""The data folder and the places below it; every move between them is one rename that overwrites nothing."""

from __future__ import annotations

import os
import secrets
import stat
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.ingestion.readers import is_readable
from app.pipeline.names import ERROR_SUFFIX, free_names, is_ignored, printable
from app.pipeline.reporting import report_text
from app.pipeline.sidecars import (
    CLAIMED_NAME,
    name_with,
    names_of_sidecar,
    sidecar_beside,
    sidecar_in_claim,
)
from app.pipeline.stability import Snapshot

DRAFT_PREFIX = ".report-"


@dataclass(frozen=True)
class Claim:
    """A file taken out of the data folder: alone in its own folder `.processing/<token>/`, under its own name."""

    token: str
    path: Path


class DataFolders:
    def __init__(self, data_dir: Path) -> None:
        self.data = data_dir
        self.processing = data_dir / ".processing"
        self.uploads = data_dir / ".uploads"
        self.processed = data_dir / "processed"
        self.failed = data_dir / "failed"

    def ensure(self) -> None:
        """Raises OSError where the data folder cannot be had; those below it are made when needed, too."""
        self.data.mkdir(parents=True, exist_ok=True)
        for folder in (self.processing, self.uploads, self.processed, self.failed):
            with suppress(OSError):
                folder.mkdir(exist_ok=True)

    def listing(self) -> dict[str, tuple[Snapshot, ...]]:
        """Everything in the data folder that is to be taken, each with its description, if it has one.

        A plain sub-folder is not; one named x.csv is.
        """
        with os.scandir(self.data) as scanned:
            entries = {entry.name: entry for entry in scanned}
        found = {}
        for name, entry in entries.items():
            if is_ignored(name):
                continue
            if entry.is_dir(follow_symlinks=False) and not is_readable(name):
                continue
            together = [entry, *(entries[other] for other in names_of_sidecar(name) if other in entries)]
            with suppress(FileNotFoundError):  # gone since the listing began
                found[name] = tuple(Snapshot.of(each.stat(follow_symlinks=False)) for each in together)
        return found

    def together(self, name: str) -> list[Path]:
        """A file in the data folder and, if it has one, its description."""
        path = self.data / name
        return [each for each in (path, sidecar_beside(path)) if each is not None]

    def claim(self, name: str) -> Claim | None:
        """Take this file for ourselves; None where somebody else was quicker."""
        return self.adopt(self.data / name, name)

    def adopt(self, path: Path, name: str) -> Claim | None:
        """Take the file `path`, in any of our folders, under this name; None where it is gone.

        Its description comes with it.
        """
        token = secrets.token_hex(8)
        sidecar = sidecar_beside(path)
        folder = self.processing / token
        folder.mkdir(parents=True)
        try:
            path.rename(folder / name)
        except FileNotFoundError:
            folder.rmdir()
            return None
        except OSError:
            folder.rmdir()
            raise
        if sidecar is not None:
            with suppress(FileNotFoundError):
                sidecar.rename(folder / CLAIMED_NAME)
        return Claim(token, folder / name)

    def holds(self, token: str) -> bool:
        """Whether the claim's folder is here, whatever became of the file in it."""
        return (self.processing / token).is_dir()

    def claimed(self, token: str) -> Path | None:
        """The file that a claim holds; None once it has been moved on."""
        try:
            entries = (self.processing / token).iterdir()
            return next((entry for entry in entries if entry.name != CLAIMED_NAME), None)
        except FileNotFoundError:
            return None

    def orphaned_claims(
        self, known: set[str | None], older_than_seconds: float, *, remove_empty: bool = True
    ) -> list[Claim]:
        """Claims that no job answers for: whoever made them died before it could say so."""
        orphans = []
        for folder in self.processing.glob("*/"):
            if folder.name in known or not _is_older(folder, older_than_seconds):
                continue
            path = self.claimed(folder.name)
            if path is None and remove_empty:
                self.remove_claim(folder.name)
            elif path is not None:
                orphans.append(Claim(folder.name, path))
        return orphans

    def reserve(
        self, source: Path, folder: Path, record: Callable[[str], bool], recorded: str | None
    ) -> Path:
        """A free name in `folder`, held by an empty placeholder that `move` replaces.

        `record` notes in the catalog that a name is ours before it is created, and says whether it may be;
        `recorded` is what an earlier try, cut short, had noted. There is room for `<name>.error.json`, too, and
        the description's name is held as well.
        """
        folder.mkdir(parents=True, exist_ok=True)
        sidecar = sidecar_in_claim(source)
        if recorded is not None:
            earlier = self.data / recorded
            if (_is_empty_placeholder(earlier) or _create(earlier, source)) and _hold_beside(
                earlier, sidecar
            ):
                return earlier
        for name in free_names(printable(source.name), ERROR_SUFFIX):
            target = folder / name
            if os.path.lexists(target) or target.with_name(name + ERROR_SUFFIX).exists():
                continue
            if sidecar is not None and os.path.lexists(name_with(target)):
                continue
            if record(str(target.relative_to(self.data))) and _create(target, source):
                if _hold_beside(target, sidecar):
                    return target
                target.unlink()
        raise AssertionError("free_names never ends")

    def move(self, token: str, source: Path, target: Path) -> None:
        """Out of the claim `token`, over the placeholders that `reserve` made; the description first."""
        sidecar = sidecar_in_claim(source)
        if sidecar is not None:
            sidecar.rename(name_with(target))
        source.rename(target)
        self.remove_claim(token)

    def put_back(self, claim: Claim) -> None:
        """Into the data folder again, under its own name if that is free."""
        target = self.reserve(claim.path, self.data, lambda name: True, None)
        self.move(claim.token, claim.path, target)

    def sweep_drafts(self, older_than_seconds: float) -> None:
        """Remove what uploads that broke off, and reports that were never finished, have left."""
        self.sweep_uploads(older_than_seconds)
        _remove_older(self.failed.glob(f"{DRAFT_PREFIX}*"), older_than_seconds)

    def sweep_uploads(self, older_than_seconds: float) -> None:
        """The former alone."""
        _remove_older(self.uploads.glob("*.part"), older_than_seconds)

    def remove_claim(self, token: str) -> None:
        """Where somebody removed the file, its description has nothing left to describe."""
        folder = self.processing / token
        (folder / CLAIMED_NAME).unlink(missing_ok=True)
        try:
            folder.rmdir()
        except FileNotFoundError:
            return


def write_error_report(failed: Path, report: Mapping[str, Any]) -> None:
    """`x.csv.error.json` beside the failed file `x.csv`."""
    final = failed.with_name(failed.name + ERROR_SUFFIX)
    draft = failed.with_name(f"{DRAFT_PREFIX}{secrets.token_hex(8)}")
    with draft.open("w", encoding="utf-8") as file:
        file.write(report_text(report) + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(final)


def is_regular(path: Path) -> bool:
    return stat.S_ISREG(path.lstat().st_mode)


def _is_older(path: Path, seconds: float) -> bool:
    """Whether it was last changed at least so long ago; False where it is gone."""
    try:
        return time.time() - path.stat().st_mtime >= seconds
    except FileNotFoundError:
        return False


def _remove_older(paths: Iterable[Path], seconds: float) -> None:
    for path in paths:
        if _is_older(path, seconds):
            path.unlink(missing_ok=True)


def _create(target: Path, source: Path) -> bool:
    """Create `target` as an empty placeholder that a rename of `source` may replace; False where it exists."""
    try:
        if source.is_dir() and not source.is_symlink():
            target.mkdir()
        else:
            os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    except FileExistsError:
        return False
    return True


def _hold_beside(target: Path, sidecar: Path | None) -> bool:
    """Whether the name of the description of `target` is held for `sidecar`, if there is one."""
    if sidecar is None:
        return True
    beside = name_with(target)
    return _create(beside, sidecar) or _is_empty_placeholder(beside)


def _is_empty_placeholder(path: Path) -> bool:
    try:
        return path.lstat().st_size == 0 if is_regular(path) else not any(path.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return False
