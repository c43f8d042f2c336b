"""What everybody who works on jobs needs at hand: the catalog, the arrays, the folders."""

from __future__ import annotations

from dataclasses import dataclass

from app.pipeline.folders import DataFolders
from app.settings import Settings
from app.storage.arrays.store import ArrayStore, open_store
from app.storage.catalog.database import Catalog
from app.storage.catalog.events import Events
from app.storage.catalog.history import History
from app.storage.catalog.images import Images
from app.storage.catalog.jobs import Jobs
from app.storage.catalog.pipeline import PipelineBoard


@dataclass(frozen=True)
class Workplace:
    settings: Settings
    catalog: Catalog
    jobs: Jobs
    history: History
    events: Events
    images: Images
    board: PipelineBoard
    arrays: ArrayStore
    folders: DataFolders

    @classmethod
    def open(cls, settings: Settings) -> Workplace:
        """Raises CatalogUnavailable; RuntimeError where a package is missing or the store is of another width."""
        catalog = Catalog.open(settings)
        images = Images(catalog)
        _require_width(images, settings.pixel_width)
        return cls(
            settings,
            catalog,
            Jobs(catalog),
            History(catalog),
            Events(catalog),
            images,
            PipelineBoard(catalog),
            open_store(settings),
            DataFolders(settings.data_dir),
        )


def _require_width(images: Images, width: int) -> None:
    """All rows of a store are equally wide: its arrays are made so."""
    stored = images.other_width(width)
    if stored is not None:
        raise RuntimeError(
            f"this store has rows of {stored} pixels, and BOREHOLE_PIXEL_WIDTH={width} wants others: set it to "
            f"{stored}, or begin another store (BOREHOLE_DB_DIR, BOREHOLE_DATA_DIR)"
        )
