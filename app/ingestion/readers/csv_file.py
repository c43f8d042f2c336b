"""A CSV file as one that holds a single image."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from app.ingestion.readers.csv_source import CsvSource
from app.ingestion.readers.source import FoundImage, Metadata
from app.settings import Settings


class CsvFile:
    """Raises FileError if the header is at fault."""

    def __init__(self, path: Path, settings: Settings) -> None:
        opened = partial(CsvSource, path, settings)
        opened()
        self.images = (FoundImage("", Metadata(), opened),)
