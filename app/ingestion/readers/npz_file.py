"""NumPy archives: `depth`, and one image or several as arrays of rows."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from app.errors import FileError, Reason
from app.ingestion.readers.array_source import ArraySource, Block, as_float64
from app.ingestion.readers.column_names import depth_among
from app.ingestion.readers.csv_cells import shown
from app.ingestion.readers.depth_column import unit_in_name
from app.ingestion.readers.described import depth_unit_in, described
from app.ingestion.readers.packed import check_readable, copied, damage_told
from app.ingestion.readers.scratch import Scratch
from app.ingestion.readers.source import FoundImage
from app.ingestion.readers.stored_array import HEAD_BYTES, ArrayHead, read_head, read_rows
from app.ingestion.readers.width import check_width
from app.settings import Settings

LONGEST_TEXT = 64 * 1024
"""Bytes of a text that says something of the images."""


@dataclass(frozen=True)
class _Member:
    """An array of the archive. info: where it lies. start: its first bytes."""

    name: str
    info: zipfile.ZipInfo
    head: ArrayHead
    start: bytes


class NpzFile:
    """Raises FileError if the archive, or what its arrays say of themselves, is at fault."""

    def __init__(self, path: Path, settings: Settings) -> None:
        self.path = path
        self.settings = settings
        members = self._members()
        vectors = [member for member in members if member.head.is_numeric and len(member.head.shape) == 1]
        names = [member.name for member in vectors]
        self.depth = vectors[depth_among(names, f"Of the vectors in {path.name} the list")]
        found = [member for member in members if member.head.is_numeric and len(member.head.shape) == 2]
        if not found:
            raise FileError(
                Reason.NO_IMAGE,
                f"{path.name} holds no array of numbers in two dimensions, a row for each depth, beside"
                f" {shown(self.depth.name)}.",
            )
        said = {key: text for member in members for key, text in _said(member).items()}
        self.depth_unit = unit_in_name(self.depth.name) or depth_unit_in(said.items())
        self.metadata = described(said.items(), self.depth_unit or settings.depth_unit, None)
        self.images = [self._image(member, "" if len(found) == 1 else member.name) for member in found]

    def _members(self) -> list[_Member]:
        members = []
        with damage_told(self.path.name), zipfile.ZipFile(self.path) as archive:
            for info in archive.infolist():
                if not info.filename.endswith(".npy"):
                    continue
                check_readable(info, self.path.name)
                with archive.open(info) as file:
                    start = file.read(HEAD_BYTES)
                name = info.filename.removesuffix(".npy")
                head = read_head(start, info.file_size, f"{name} in {self.path.name}")
                members.append(_Member(name, info, head, start))
        return members

    def _image(self, member: _Member, channel: str) -> FoundImage:
        rows, width = member.head.shape
        depths = self.depth.head.shape[0]
        if rows != depths:
            turned = " Turn it over: a row is a depth." if width == depths else ""
            raise FileError(
                Reason.RAGGED_ROW,
                f"{shown(member.name)} has {rows} rows, {shown(self.depth.name)} has {depths} depths.{turned}",
            )
        check_width(width, "any", f"{shown(member.name)} has {width} pixels in a row")
        return FoundImage(channel, self.metadata, partial(self._source, member), rows)

    def _source(self, member: _Member) -> ArraySource:
        depths, pixels = self._unpacked(self.depth), self._unpacked(member)
        return ArraySource(
            partial(_blocks, self.depth.head, depths, member.head, pixels),
            width=member.head.shape[1],
            depth_name=self.depth.name,
            depth_unit=self.depth_unit,
            null_values=self.settings.null_values,
        )

    def _unpacked(self, member: _Member) -> Scratch:
        with (
            damage_told(self.path.name),
            zipfile.ZipFile(self.path) as archive,
            archive.open(member.info) as file,
        ):
            return copied(file, self.path, self.settings)


def _blocks(
    depth_head: ArrayHead, depths: Scratch, pixel_head: ArrayHead, pixels: Scratch, rows: int
) -> Iterator[Block]:
    for first in range(0, depth_head.shape[0], rows):
        yield (
            as_float64(read_rows(depths.path, depth_head, first, rows)),
            as_float64(read_rows(pixels.path, pixel_head, first, rows)),
        )


def _said(member: _Member) -> dict[str, str]:
    """What a text among the arrays says: of what it is called, or, if it is a JSON object, of each of its keys."""
    head = member.head
    if head.dtype.kind != "U" or head.shape or head.offset + head.size > LONGEST_TEXT:
        return {}
    text = str(np.frombuffer(member.start, dtype=head.dtype, count=1, offset=head.offset)[0])
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        said = None
    if isinstance(said, dict):
        return {str(key): str(entry) for key, entry in said.items() if isinstance(entry, str | int | float)}
    return {member.name: text}
