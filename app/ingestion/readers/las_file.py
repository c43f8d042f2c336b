"""LAS files: each family of numbered curves is an image."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from app.errors import FileError, Reason
from app.ingestion.readers.channels import with_unique_channels
from app.ingestion.readers.chunking import at_most, trimmed
from app.ingestion.readers.csv_blocks import LONGEST_LINE, line_blocks
from app.ingestion.readers.csv_cells import shown
from app.ingestion.readers.curve_families import FEWEST_SECTORS, CurveFamily, find_families
from app.ingestion.readers.depth_column import is_depth_name, normalised_unit
from app.ingestion.readers.las_header import LasHeader, read_header
from app.ingestion.readers.las_rows import LasColumns, filled_lines, unwrapped
from app.ingestion.readers.las_sections import Section, find_sections
from app.ingestion.readers.pixel_values import are_integers8, without_null_values
from app.ingestion.readers.source import Chunk, FoundImage, Metadata
from app.settings import Settings

SMALLEST_BLOCK = 64 * 1024


class LasFile:
    """Raises FileError if the head is at fault, or no curves make an image."""

    def __init__(self, path: Path, settings: Settings) -> None:
        sections = find_sections(path)
        if not sections:
            raise FileError(
                Reason.NO_HEADER, "No line begins with ~: this is not a LAS file, or not one any more."
            )
        logs = _logs(sections)
        found: list[FoundImage] = []
        names: list[str] = []
        for curves, data in logs:
            header = read_header(path, sections, curves)
            names += [curve.name for curve in header.curves]
            found += _images(path, settings, header, data)
        if not found:
            raise FileError(
                Reason.NO_IMAGE,
                f"No {FEWEST_SECTORS} curves or more of one unit are numbered from 0 or 1, as AMP[0], AMP[1] … are:"
                f" there is no image among {', '.join(map(shown, names[:8]))}{' …' if len(names) > 8 else ''}.",
            )
        self.images = with_unique_channels(found)


@dataclass(frozen=True)
class _Log:
    """What is needed to read one image: the same for each but the `family`."""

    path: Path
    header: LasHeader
    data: Section
    depth: int
    depth_unit: str | None
    null_values: frozenset[float]


class LasSource:
    """A `Source` of one family of curves."""

    row_word: Literal["line", "row"] = "line"

    def __init__(self, log: _Log, family: CurveFamily) -> None:
        self.log = log
        self.width = len(family.positions)
        self.depth_name = log.header.curves[log.depth].name
        self.depth_unit = log.depth_unit
        self.dropped_rows = 0
        self.integers8 = True
        names = [curve.name for curve in log.header.curves]
        self.columns = LasColumns(names, (log.depth, *family.positions), log.header.delimiter)

    def chunks(self, rows: int = 8192) -> Iterator[Chunk]:
        """From the first row that has a pixel to the last. Memory: some blocks of `rows` lines of text and values.

        Raises FileError for the first line at fault, and where there is no row, or none with a depth.
        """
        self.dropped_rows = 0
        self.integers8 = True
        any_depth = False
        for chunk in trimmed(self._all_chunks(rows)):
            any_depth = True
            self.integers8 &= are_integers8(chunk.pixels)
            yield from at_most(rows, chunk)
        if not any_depth and not self.dropped_rows:
            raise FileError(Reason.NO_ROWS, "The file has a header and no rows below it.")
        if not any_depth:
            raise FileError(
                Reason.DEPTH_MISSING,
                f"None of the {self.dropped_rows} rows has a depth in curve {shown(self.depth_name)}.",
                column=self.depth_name,
            )

    def _all_chunks(self, rows: int) -> Iterator[Chunk]:
        data, header = self.log.data, self.log.header
        line_bytes = (data.stop - data.offset) // max(1, data.lines)
        size = min(max(rows * line_bytes, SMALLEST_BLOCK), LONGEST_LINE)
        with self.log.path.open("rb") as file:
            file.seek(data.offset)
            blocks = filled_lines(line_blocks(file, data.line, size, data.stop))
            for text, lines in unwrapped(blocks, len(header.curves)) if header.wrapped else blocks:
                columns = without_null_values(self.columns.parse((text, lines)), self.log.null_values)
                has_depth = ~np.isnan(columns[0])
                self.dropped_rows += int(has_depth.size - has_depth.sum())
                if has_depth.any():
                    yield Chunk(columns[0, has_depth], columns[1:, has_depth].T, lines[has_depth])


def _logs(sections: Sequence[Section]) -> list[tuple[Section, Section]]:
    """Each data section with the section that names its columns: the last before it. Raises FileError."""
    logs = []
    curves: Section | None = None
    for section in sections:
        if section.starts("C", "LOG_DEFINITION") and not section.starts("CORE"):
            curves = section
        elif section.is_data and curves is not None:
            logs.append((curves, section))
    if curves is None:
        raise FileError(Reason.NO_HEADER, "The file has no ~Curve section, which would name its columns.")
    if not logs:
        raise FileError(Reason.NO_ROWS, "The file has no ~ASCII section: there are no rows in it.")
    return logs


def _images(path: Path, settings: Settings, header: LasHeader, data: Section) -> Iterator[FoundImage]:
    families = find_families([curve.name for curve in header.curves], [curve.unit for curve in header.curves])
    if not families:
        return
    depth = _depth_curve(header, data)
    unit = normalised_unit(header.curves[depth].unit)
    null_values = frozenset(settings.null_values) | ({header.null} if header.null is not None else set())
    log = _Log(path, header, data, depth, unit, null_values)
    rows = None if header.wrapped else data.lines
    for family in families:
        yield FoundImage(family.name, _metadata(log, family), partial(LasSource, log, family), rows)


def _depth_curve(header: LasHeader, data: Section) -> int:
    """The first curve by its nature, or one that is called so. Raises FileError."""
    for position, curve in enumerate(header.curves):
        if is_depth_name(curve.name) or (position == 0 and normalised_unit(curve.unit)):
            return position
    first = header.curves[0]
    raise FileError(
        Reason.NO_DEPTH_COLUMN,
        f"The rows from line {data.line} go by {first.name} ({first.unit or 'no unit'}), which is no depth.",
        column=first.name,
    )


def _metadata(log: _Log, family: CurveFamily) -> Metadata:
    first, last = (log.header.curves[family.positions[end]] for end in (0, -1))
    said = log.header.metadata(log.depth_unit)
    remarks = {"curves": f"{first.name} … {last.name}", "description": first.description}
    return replace(said, unit=family.unit or None, other={**said.other, **remarks})
