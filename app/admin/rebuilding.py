"""A catalog anew, from what lies beside the arrays and in the data folder."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL

from app.admin.embedded import ARRAYS, CATALOG, JOURNALS, catalog_file, nobody_else, put_aside
from app.admin.findings import Finding, Progress, silent
from app.admin.remains import Remains
from app.errors import CommandRefused
from app.pipeline.folders import DataFolders
from app.settings import Settings
from app.storage.arrays.inventory import ids_used_up
from app.storage.arrays.layout import Layout
from app.storage.catalog.database import Catalog
from app.storage.catalog.filling import fill

STAGE = ".rebuilding"


@dataclass(frozen=True)
class Rebuilt:
    """next_image_id: no id below it is given out again. aside: where the catalog lies that was there before."""

    images: int
    picks: int
    jobs: int
    next_image_id: int
    aside: Path | None
    findings: list[Finding]


def rebuild(settings: Settings, *, replace: bool = False, progress: Progress = silent) -> Rebuilt:
    """replace: put a catalog aside that can be read, and holds images. Raises CommandRefused, OSError."""
    file = catalog_file(settings)
    layout = Layout(settings.db_dir / ARRAYS)
    if not layout.root.is_dir():
        raise CommandRefused(f"{layout.root} is not there: `restore` gets a store back from a backup")
    with nobody_else(settings):
        if not replace and (images := _images_in(file)):
            raise CommandRefused(
                f"{file} can be read, and holds {images} images: add --replace to have it put aside"
            )
        stage = settings.db_dir / STAGE
        shutil.rmtree(stage, ignore_errors=True)
        stage.mkdir()
        try:
            made = _made_in(stage / CATALOG, layout, DataFolders(settings.data_dir), progress)
            old = [path for end in ("", *JOURNALS) if (path := file.with_name(file.name + end)).exists()]
            aside = put_aside(settings, old)
            (stage / CATALOG).rename(file)
        finally:
            shutil.rmtree(stage, ignore_errors=True)
    return Rebuilt(*made[:4], aside, made[4])


def _made_in(
    file: Path, layout: Layout, folders: DataFolders, progress: Progress
) -> tuple[int, int, int, int, list[Finding]]:
    remains = Remains(layout, folders)
    images = remains.images(progress)
    picks = remains.picks(images)
    jobs = remains.jobs(images, progress)
    counts = len(images), len(picks), len(jobs)
    used_up = ids_used_up(layout)
    with closing(Catalog(URL.create("sqlite", database=str(file)))) as catalog:
        catalog.migrate()
        fill(catalog, images, picks, jobs, used_up)
    return *counts, used_up + 1, remains.findings


def _images_in(file: Path) -> int:
    """How many images a catalog names that can be read; 0 where it cannot."""
    if not file.exists():
        return 0
    try:
        with closing(sqlite3.connect(file)) as connection:
            if connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
                return 0
            (images,) = connection.execute("SELECT count(*) FROM images WHERE deleted_at IS NULL").fetchone()
    except sqlite3.Error:
        return 0
    return int(images)
