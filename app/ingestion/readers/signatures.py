"""What a file is by its first bytes, whatever it is called."""

from __future__ import annotations

_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"II*\0", "a TIFF picture"),
    (b"MM\0*", "a TIFF picture"),
    (b"%PDF-", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\0", "an xz archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"PAR1", "a Parquet file"),
    (b"ARROW1", "an Arrow file"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (b"LASF", "a LiDAR point cloud"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel or Word file of old"),
)

LONGEST = 128
"""Bytes of a file's start that are enough to tell."""

LAS = "a LAS file"
DLIS = "a DLIS file"


def kind_of(head: bytes) -> str | None:
    """What starts with these bytes, the first LONGEST of a file; None for what has no such mark, as plain text."""
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            return kind
    if head[4:5] == b"V" and head[9:15] == b"RECORD":  # the storage unit label, RP66 V1
        return DLIS
    if head.removeprefix(b"\xef\xbb\xbf").lstrip().upper().startswith(b"~V"):
        return LAS
    return None
