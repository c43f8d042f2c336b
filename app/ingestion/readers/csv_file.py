"""A CSV file as one that holds a single image."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from app.ingestion.readers.csv_long import LongCsvSource
from app.ingestion.readers.csv_source import CsvSource
from app.ingestion.readers.described import described, pairs_in
from app.ingestion.readers.source import FoundImage
from app.settings import Settings


class CsvFile:
    """Raises FileError if the header is at fault."""

    def __init__(self, path: Path, settings: Settings) -> None:
        header = CsvSource(path, settings).header
        kind = LongCsvSource if header.one_value_a_line else CsvSource
        opened = partial(kind, path, settings)
        opened()
        depth_unit = header.depth_unit or settings.depth_unit
        metadata = described(pairs_in(header.comments), depth_unit, header.unit)
        self.images = (FoundImage("", metadata, opened),)
