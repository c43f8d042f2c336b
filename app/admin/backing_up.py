"""A backup of a store, made while a server may run.

The catalog is copied first: every image it names was whole in the arrays by then. Arrays never change, and nothing
is erased until the backup is done, so whatever the copied catalog names is there to be copied.
"""

from __future__ import annotations

import os
import secrets
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from app import __version__
from app.admin.embedded import ARRAYS, CATALOG, acquired, catalog_file
from app.admin.findings import Finding, Progress, silent
from app.admin.manifest import Manifest, copy
from app.admin.snapshots import INCOMPLETE, next_name, snapshots
from app.errors import CommandRefused
from app.ingestion.fingerprint import Fingerprint, fingerprint
from app.pipeline.lock import ErasingLock
from app.settings import Settings
from app.storage.arrays.inventory import files_by_image, shards
from app.storage.arrays.layout import Layout


@dataclass
class Backup:
    """folder: where it lies. copied, shared: bytes, new or held by an earlier backup as well."""

    folder: Path
    images: int = 0
    copied: int = 0
    shared: int = 0
    findings: list[Finding] = field(default_factory=list)


def back_up(settings: Settings, folder: Path, progress: Progress = silent) -> Backup:
    """A new backup in `folder`, there as a whole or not at all. Raises CommandRefused, OSError."""
    catalog = catalog_file(settings)
    if not catalog.is_file():
        raise CommandRefused(f"{settings.db_dir} holds no catalog: is BOREHOLE_DB_DIR the right one?")
    if folder.resolve().is_relative_to(settings.db_dir.resolve()):
        raise CommandRefused(f"{folder} lies in {settings.db_dir}, and would be lost with it")
    lock = ErasingLock.of(settings)
    if not acquired(lock):
        raise CommandRefused("another backup is being made")
    try:
        with _draft_in(folder) as draft:
            backup = Backup(folder / next_name(folder, datetime.now(UTC)))
            revision, images = _copy_catalog(catalog, draft / CATALOG)
            copier = _Copier(settings.db_dir, draft, snapshots(folder)[-1:], backup)
            copier.note(CATALOG, fingerprint(draft / CATALOG))
            copier.copy_arrays(Layout(settings.db_dir / ARRAYS), images, progress)
            moment = datetime.now(UTC).isoformat(timespec="seconds")
            Manifest(moment, __version__, revision, len(images), copier.files).write(draft)
            os.sync()
            draft.rename(backup.folder)
    finally:
        lock.release()
    return backup


@contextmanager
def _draft_in(folder: Path) -> Iterator[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    for left_over in folder.glob(f"{INCOMPLETE}*"):
        shutil.rmtree(left_over)
    draft = folder / f"{INCOMPLETE}{secrets.token_hex(4)}"
    draft.mkdir()
    try:
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _copy_catalog(catalog: Path, target: Path) -> tuple[str, set[int]]:
    """Its schema's revision, and the images it names."""
    try:
        with closing(sqlite3.connect(catalog)) as source, closing(sqlite3.connect(target)) as made:
            source.backup(made)
            made.execute("PRAGMA journal_mode=DELETE")
            (state,) = made.execute("PRAGMA quick_check(1)").fetchone()
            if state != "ok":
                raise CommandRefused(f"{catalog} is damaged ({state}): `rebuild` makes a new one")
            (revision,) = made.execute("SELECT version_num FROM alembic_version").fetchone()
            images = {
                image_id for (image_id,) in made.execute("SELECT id FROM images WHERE deleted_at IS NULL")
            }
    except sqlite3.Error as error:
        raise CommandRefused(
            f"{catalog} cannot be copied ({error}): is it damaged? `rebuild` makes a new one"
        ) from error
    return revision, images


class _Copier:
    """Files of `db/` into the draft of a backup, those that never change from the backup before."""

    def __init__(self, source: Path, draft: Path, earlier: list[Path], backup: Backup) -> None:
        self.source = source
        self.draft = draft
        self.earlier = earlier[0] if earlier else None
        self.held = Manifest.read(earlier[0]).files if earlier else {}
        self.backup = backup
        self.files: dict[str, Fingerprint] = {}

    def copy_arrays(self, layout: Layout, images: set[int], progress: Progress) -> None:
        missing = set(images)
        for shard in shards(layout):
            for image_id, files in files_by_image(shard).items():
                if image_id is None:
                    self._copy(files)
                elif image_id in missing:
                    self._copy(files)
                    missing.discard(image_id)
                    self.backup.images += 1
                    progress("images", self.backup.images, len(images))
        self.backup.findings.extend(
            Finding(
                "arrays_missing",
                f"image {image_id}",
                "is in the catalog, and nothing of it in the arrays",
            )
            for image_id in sorted(missing)
        )

    def _copy(self, files: list[Path]) -> None:
        for file in files:
            name = str(file.relative_to(self.source))
            held = self.held.get(name)
            # Whatever is beside the arrays may be written anew; the arrays themselves never are.
            same = held is not None and file.suffix != ".json" and file.stat().st_size == held.size_bytes
            if held is not None and same and self._share(name):
                self.files[name] = held
                self.backup.shared += held.size_bytes
            else:
                self.note(name, copy(file, self.draft / name))

    def note(self, name: str, file: Fingerprint) -> None:
        self.files[name] = file
        self.backup.copied += file.size_bytes

    def _share(self, name: str) -> bool:
        """Have the earlier backup's file in this one, too; False where the file system cannot, or it is gone."""
        assert self.earlier is not None
        target = self.draft / name
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(self.earlier / name, target)
        except OSError:
            return False
        return True
