"""Doing once, on nothing of value, what the first file of a process would otherwise wait for."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path

from app.ingestion.demo import write_demo_csv
from app.ingestion.readers import open_source
from app.ingestion.storing import store_image
from app.settings import Settings
from app.storage.arrays.layout import Layout
from app.storage.arrays.writing import ImageWriter

log = logging.getLogger("borehole.worker")

ROWS = 1100  # enough for an overview level


def warm_up(settings: Settings) -> None:
    """Imports, first calls of the libraries, TileDB's context: half a second for the first file (*measured*).

    Where that fails, for want of memory or of room for temporary files, the first file waits, or tells why.
    """
    try:
        _store_demo(settings.model_copy(update={"source_width": 200}))
    except Exception as error:
        log.warning("the worker is not warm: %r", error)


def _store_demo(settings: Settings) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "demo.csv"
        write_demo_csv(file, rows=ROWS)
        layout = Layout(Path(folder) / "arrays")
        store_image(
            lambda: open_source(file, settings), lambda: ImageWriter(layout, 1), settings, lambda _: None
        )
