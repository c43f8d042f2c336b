"""Readers: a file in, the images it holds out, each a `Source` of chunks of rows."""

from app.ingestion.readers.formats import READABLE, is_readable, open_file, suffix_of
from app.ingestion.readers.source import Chunk, FoundImage, ImageFile, Metadata, Source

__all__ = [
    "READABLE",
    "Chunk",
    "FoundImage",
    "ImageFile",
    "Metadata",
    "Source",
    "is_readable",
    "open_file",
    "suffix_of",
]
