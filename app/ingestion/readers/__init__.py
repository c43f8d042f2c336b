"""Readers: a file in, a `Source` of chunks of rows out."""

from __future__ import annotations

from pathlib import Path

from app.ingestion.readers.csv_source import CsvSource
from app.ingestion.readers.source import Chunk, Source
from app.settings import Settings

__all__ = ["Chunk", "Source", "open_source"]


def open_source(path: Path, settings: Settings) -> Source:
    """The image in the file. Raises FileError if its header, or the lack of any rows, rules it out."""
    return CsvSource(path, settings)
