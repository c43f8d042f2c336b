"""A store from a backup, its catalog's schema brought up to date."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL

from app.admin.embedded import CATALOG, catalog_file, nobody_else, occupants, put_aside
from app.admin.findings import Finding, Progress, silent
from app.admin.manifest import Manifest, copy
from app.admin.snapshots import latest
from app.errors import CatalogUnavailable, CommandRefused
from app.settings import Settings
from app.storage.catalog.database import Catalog, newest_revision

STAGE = ".restoring"


@dataclass(frozen=True)
class Restored:
    """backup: what it was made of. aside: where that lies which was there before."""

    backup: Path
    manifest: Manifest
    aside: Path | None


def restore(
    settings: Settings, source: Path, *, replace: bool = False, progress: Progress = silent
) -> Restored:
    """`db/` as the backup `source`, or the newest in that folder, has it.

    replace: put aside what lies in `db/`; else that has to be empty. Every file is compared with the manifest on
    its way, and nothing in `db/` changes before all have been. Raises CommandRefused, OSError.
    """
    catalog_file(settings)
    backup = latest(source)
    manifest = Manifest.read(backup)
    if manifest.revision is not None and manifest.revision > newest_revision():
        raise CommandRefused(
            f"{backup} was made by version {manifest.product}, which is newer than this: install that version"
        )
    with nobody_else(settings):
        present = occupants(settings)
        if present and not replace:
            names = ", ".join(path.name for path in present)
            raise CommandRefused(
                f"{settings.db_dir} is not empty ({names}): add --replace to have that put aside, not removed"
            )
        with _stage_in(settings.db_dir) as stage:
            _copy_checked(backup, manifest, stage, progress)
            _migrate(stage / CATALOG)
            aside = put_aside(settings, present)
            # The catalog last: images exist from then on.
            for path in sorted(stage.iterdir(), key=lambda path: path.name == CATALOG):
                path.rename(settings.db_dir / path.name)
    return Restored(backup, manifest, aside)


def check_backup(source: Path, progress: Progress = silent) -> Iterator[Finding]:
    """Every file of a backup against its manifest. Raises CommandRefused."""
    backup = latest(source)
    manifest = Manifest.read(backup)
    for done, (name, fault) in enumerate(manifest.damaged(backup), start=1):
        progress("files", done, len(manifest.files))
        if fault is not None:
            yield Finding("backup_damaged", name, fault)


@contextmanager
def _stage_in(folder: Path) -> Iterator[Path]:
    stage = folder / STAGE
    shutil.rmtree(stage, ignore_errors=True)
    stage.mkdir()
    try:
        yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _copy_checked(backup: Path, manifest: Manifest, stage: Path, progress: Progress) -> None:
    for done, (name, expected) in enumerate(manifest.files.items(), start=1):
        try:
            found = copy(backup / name, stage / name)
        except FileNotFoundError as error:
            raise CommandRefused(f"{backup} is damaged: {name} is not there") from error
        if found != expected:
            raise CommandRefused(
                f"{backup} is damaged: {name} is not what was backed up; is there an older one?"
            )
        progress("files", done, len(manifest.files))


def _migrate(file: Path) -> None:
    try:
        with closing(Catalog(URL.create("sqlite", database=str(file)))) as catalog:
            catalog.migrate()
    except CatalogUnavailable as error:
        raise CommandRefused(f"the backed-up catalog cannot be brought up to date: {error}") from error
