"""The data folder and the places below it; every move between them is one rename that overwrites nothing."""

from __future__ import annotations

import json
import os
import secrets
import stat
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.ingestion.readers import is_readable
from app.pipeline.names import ERROR_SUFFIX, free_names, is_ignored, printable
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

    def listing(self) -> dict[str, Snapshot]:
        """Everything in the data folder that is to be taken. A plain sub-folder is not; one named x.csv is."""
        found = {}
        with os.scandir(self.data) as entries:
            for entry in entries:
                if is_ignored(entry.name):
                    continue
                if entry.is_dir(follow_symlinks=False) and not is_readable(entry.name):
                    continue
                try:
                    found[entry.name] = Snapshot.of(entry.stat(follow_symlinks=False))
                except FileNotFoundError:  # gone since the listing began
                    continue
        return found

    def claim(self, name: str) -> Claim | None:
        """Take this file for ourselves; None where somebody else was quicker."""
        return self.adopt(self.data / name, name)

    def adopt(self, path: Path, name: str) -> Claim | None:
        """Take the file `path`, in any of our folders, under this name; None where it is gone."""
        token = secrets.token_hex(8)
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
        return Claim(token, folder / name)

    def claimed(self, token: str) -> Path | None:
        """The file that a claim holds; None once it has been moved on."""
        try:
            return next((self.processing / token).iterdir(), None)
        except FileNotFoundError:
            return None

    def orphaned_claims(self, known: set[str | None], older_than_seconds: float) -> list[Claim]:
        """Claims that no job answers for: whoever made them died before it could say so."""
        orphans = []
        for folder in self.processing.glob("*/"):
            if folder.name in known or not _is_older(folder, older_than_seconds):
                continue
            path = self.claimed(folder.name)
            if path is None:
                self.remove_claim(folder.name)
            else:
                orphans.append(Claim(folder.name, path))
        return orphans

    def reserve(
        self, source: Path, folder: Path, record: Callable[[str], bool], recorded: str | None
    ) -> Path:
        """A free name in `folder`, held by an empty placeholder that `move` replaces.

        `record` notes in the catalog that a name is ours before it is created, and says whether it may be;
        `recorded` is what an earlier try, cut short, had noted. There is room for `<name>.error.json`, too.
        """
        folder.mkdir(parents=True, exist_ok=True)
        if recorded is not None:
            earlier = self.data / recorded
            if _is_empty_placeholder(earlier) or _create(earlier, source):
                return earlier
        for name in free_names(printable(source.name), ERROR_SUFFIX):
            target = folder / name
            if os.path.lexists(target) or target.with_name(name + ERROR_SUFFIX).exists():
                continue
            if record(str(target.relative_to(self.data))) and _create(target, source):
                return target
        raise AssertionError("free_names never ends")

    def move(self, token: str, source: Path, target: Path) -> None:
        """Out of the claim `token`, over the placeholder that `reserve` made."""
        source.rename(target)
        self.remove_claim(token)

    def put_back(self, claim: Claim) -> None:
        """Into the data folder again, under its own name if that is free."""
        target = self.reserve(claim.path, self.data, lambda name: True, None)
        self.move(claim.token, claim.path, target)

    def sweep_drafts(self, older_than_seconds: float) -> None:
        """Remove what uploads that broke off, and reports that were never finished, have left."""
        drafts = [*self.uploads.glob("*.part"), *self.failed.glob(f"{DRAFT_PREFIX}*")]
        for draft in drafts:
            if _is_older(draft, older_than_seconds):
                draft.unlink(missing_ok=True)

    def remove_claim(self, token: str) -> None:
        try:
            (self.processing / token).rmdir()
        except FileNotFoundError:
            return


def write_error_report(failed: Path, report: Mapping[str, Any]) -> None:
    """`x.csv.error.json` beside the failed file `x.csv`."""
    final = failed.with_name(failed.name + ERROR_SUFFIX)
    draft = failed.with_name(f"{DRAFT_PREFIX}{secrets.token_hex(8)}")
    with draft.open("w", encoding="utf-8") as file:
        json.dump(report, file, indent=2, ensure_ascii=False)
        file.write("\n")
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


def _is_empty_placeholder(path: Path) -> bool:
    try:
        return path.lstat().st_size == 0 if is_regular(path) else not any(path.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return False
