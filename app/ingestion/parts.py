"""A long plain file in parts, each a row group, that several processes read side by side.

Where the parts do not fit together as the file's lines promise, whatever the reason, nothing is judged here: the
file is read anew by one process, which names the row at fault.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import numpy as np

from app.ingestion.fingerprint import PIECE_BYTES, LineEnds
from app.ingestion.group_writing import GroupWriter, WrittenGroup
from app.ingestion.intake import Intake
from app.ingestion.readers.csv_header import CsvHeader
from app.ingestion.readers.csv_source import CsvSource, Lines
from app.ingestion.row_groups import GROUP_ROWS, RowGroup, ascending_groups, descending_groups
from app.ingestion.stored_image import Findings, StoredImage, summed_up
from app.settings import Settings
from app.storage.arrays.writing import ImageWriter

SMALLEST_GROUP = 16_384
PART_COST = 2_000
"""Rows that could be stored in the time that a part takes whatever its size."""


class PartsDiffer(Exception):
    """The parts do not make the image that the file's lines promised."""


@dataclass(frozen=True)
class Part:
    """Lines that become the row group from row `start`, of `rows` rows if each line holds one."""

    lines: Lines
    start: int
    rows: int


@dataclass(frozen=True)
class Division:
    """header: the file's: who stores a part needs nothing of the file but the part's lines."""

    header: CsvHeader
    rows: int
    descending: bool
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class StoredPart:
    group: WrittenGroup
    findings: Findings


def divide(path: Path, ends: LineEnds, settings: Settings, workers: int) -> Division | None:
    """How that many workers can share the file; None where it is too short to be worth it, or a line is no row.

    Raises FileError, OSError.
    """
    if workers < 2 or ends.lines < 2 * SMALLEST_GROUP:
        return None
    source = CsvSource(path, settings)
    if source.header.one_value_a_line:
        return None
    depths = next(source.chunks(rows=64)).depths
    if len(depths) < 2:
        return None
    descending = bool(depths[1] < depths[0])
    first = source.lines.line
    rows = ends.lines - (first - 1)
    sizes_to_try = range(SMALLEST_GROUP, GROUP_ROWS + 1, SMALLEST_GROUP)
    group = min(sizes_to_try, key=lambda size: _time_taken(rows, size, workers))
    starts = range(0, rows, group)  # of groups, in rows of the image
    sizes = [min(group, rows - start) for start in starts]
    in_file = list(zip(starts, sizes, strict=True))
    if descending:
        in_file.reverse()
    lines = [first, *(first + done for done in accumulate(size for _, size in in_file))]
    offsets = [source.lines.offset, *_offsets(path, ends.newlines, lines[1:-1]), source.lines.stop]
    return Division(
        source.header,
        rows,
        descending,
        tuple(
            Part(Lines(offsets[place], offsets[place + 1], lines[place]), start, size)
            for place, (start, size) in enumerate(in_file)
        ),
    )


def store_part(
    path: Path,
    settings: Settings,
    division: Division,
    part: Part,
    writer: ImageWriter,
) -> StoredPart:
    """path: the file, or one that has the part's lines where the file has them, whatever else it holds.

    Raises PartsDiffer, FileError, StorageUnavailable, OSError.
    """
    source = CsvSource(path, settings, within=part.lines, header=division.header)
    intake = Intake(source, settings)
    blocks = intake.blocks()
    groups = (
        descending_groups(blocks, part.rows, part.rows)
        if division.descending
        else ascending_groups(blocks, part.rows)
    )
    group = next(groups, None)
    is_last = part is division.parts[-1]
    if group is None or (len(group.depths) < part.rows and (division.descending or not is_last)):
        raise PartsDiffer("a line holds no row")
    if intake.order.descending not in (None, division.descending):
        raise PartsDiffer("the depths turn around")
    written = GroupWriter(writer, rounded=settings.rounds_values).write(
        RowGroup(part.start, group.depths, group.values), division.rows
    )
    return StoredPart(written, intake.findings())


def join_parts(
    division: Division, parts: Sequence[StoredPart], writer: ImageWriter, settings: Settings
) -> StoredImage:
    """Write what goes beyond the parts, and sum them up. Raises PartsDiffer, StorageUnavailable."""
    groups = GroupWriter(writer, rounded=settings.rounds_values)
    depths = groups.write_upper_levels([part.group for part in parts])
    if not (np.diff(depths) > 0).all():
        raise PartsDiffer("the depths of one part go on in another's")
    found = [part.findings for part in parts]
    statistics = found[0].statistics
    for other in found[1:]:
        statistics.merge(other.statistics)
    return summed_up(
        writer.image_id,
        depths,
        Findings(
            source_width=found[0].source_width,
            depth_unit=found[0].depth_unit,
            descending=division.descending,
            dropped_rows=sum(each.dropped_rows for each in found),
            integers8=all(each.integers8 for each in found),
            statistics=statistics,
        ),
    )


def _time_taken(rows: int, group: int, workers: int) -> int:
    """Until the last worker is done, in rows, if each takes the next part as soon as it is free."""
    busy = [0] * workers
    for start in range(0, rows, group):
        first_free = busy.index(min(busy))
        busy[first_free] += min(group, rows - start) + PART_COST
    return max(busy)


def _offsets(path: Path, newlines: Sequence[int], lines: Sequence[int]) -> list[int]:
    """Where these lines begin, in bytes; ascending, the first line of a file being 1, and begun by a newline."""
    before = [0, *accumulate(newlines)]
    offsets = []
    with path.open("rb") as file:
        for line in lines:
            piece = int(np.searchsorted(before, line - 1)) - 1
            file.seek(piece * PIECE_BYTES)
            codes = np.frombuffer(file.read(PIECE_BYTES), dtype=np.uint8)
            ends = np.flatnonzero(codes == ord("\n"))
            offsets.append(piece * PIECE_BYTES + int(ends[line - 2 - before[piece]]) + 1)
    return offsets
