"""Doing once, on nothing of value, what the first file of a process would otherwise wait for."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path

from app.ingestion.readers import open_file
from app.ingestion.storing import store_image
from app.settings import Settings
from app.storage.arrays.local_store import LocalStore
from app.storage.arrays.writing import ImageWriter

log = logging.getLogger("borehole.worker")

ROWS, WIDTH = 1100, 200  # enough for an overview level


def warm_up(settings: Settings) -> None:
    """Imports, first calls of the libraries, TileDB's context: half a second for the first file (*measured*).

    Where that fails, for want of memory or of room for temporary files, the first file waits, or tells why.
    """
    try:
        _store_nothing(settings.model_copy(update={"source_width": WIDTH}))
    except Exception as error:
        log.warning("the worker is not warm: %r", error)


def _store_nothing(settings: Settings) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "nothing.csv"
        header = ",".join(["depth", *map(str, range(WIDTH))])
        file.write_text("\n".join([header, *(f"{row}{',1' * WIDTH}" for row in range(ROWS))]))
        store = LocalStore(Path(folder) / "arrays")
        store_image(
            open_file(file, settings).images[0].open,
            lambda: ImageWriter(store, 1),
            settings,
            lambda _: None,
        )
