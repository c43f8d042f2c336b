"""The formats that rows are given out in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from app.rendering.exports.arrow import arrow
from app.rendering.exports.csv import csv
from app.rendering.exports.las import las
from app.rendering.exports.numpy_files import npy, npy_length, npz
from app.rendering.exports.parquet import parquet
from app.rendering.exports.table import Pieces, Table, Values
from app.rendering.exports.tiff import tiff, tiff_length

FormatName = Literal["csv", "npy", "npz", "arrow", "parquet", "tiff", "las"]


@dataclass(frozen=True)
class FileFormat:
    """One way to write rows.

    write: from what is known before, and blocks of float32 (n, width), NaN where null, in the order of the rows, to
    the file, holding no more than a few blocks. length: of the whole file in bytes, where it is known before.
    """

    media_type: str
    write: Callable[[Table, Iterable[Values]], Pieces]
    length: Callable[[Table], int] | None = None


FILE_FORMATS: dict[FormatName, FileFormat] = {
    "csv": FileFormat("text/csv", csv),
    "npy": FileFormat("application/x-npy", npy, npy_length),
    "npz": FileFormat("application/x-npz", npz),
    "arrow": FileFormat("application/vnd.apache.arrow.stream", arrow),
    "parquet": FileFormat("application/vnd.apache.parquet", parquet),
    "tiff": FileFormat("image/tiff", tiff, tiff_length),
    "las": FileFormat("text/x-las", las),
}
"""By name, which is the file's ending too."""
