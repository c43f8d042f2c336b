"""One image: what its arrays hold against what the catalog says of it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from app.admin.findings import Finding
from app.errors import ImageNotFound, StorageUnavailable
from app.ingestion.statistics import ImageStatistics
from app.storage.arrays.erasing import bytes_on_disk
from app.storage.arrays.layout import Layout
from app.storage.arrays.scanning import Scanner
from app.storage.catalog.picks import Picks
from app.storage.catalog.tables import Image
from app.storage.overviews import LevelSums, level_count, level_rows, means, reduce_rows, reduce_sums
from app.storage.recorded_picks import described
from app.storage.rounding import round_mantissa

LEVELS_OF_A_PIECE = 7
"""A piece of 4**7 rows makes one row of the seventh overview level."""
LIVELY_COLUMNS = frozenset({"deleted_at", "erased"})
EXACT_FIGURES = ("rows", "null_count", "minimum", "maximum", "histogram")
ROUNDED_FIGURES = ("mean", "stored_variance")
"""Sums, which differ in their last digits with the order they were added up in."""


class ImageCheck:
    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.scanner = Scanner(layout)

    def quick(self, image: Image) -> Iterator[Finding]:
        """What can be told without reading a row."""
        yield from self._description(image)
        yield from self._figures(image)
        try:
            for level in (None, *range(image.levels + 1)):
                rows, expected = self.scanner.extent(image.id, level), level_rows(image.rows, level or 0)
                if rows != expected:
                    name = "depth" if level is None else f"level-{level}"
                    yield _finding("rows_missing", image, f"{name} has {rows} rows, not {expected}")
            row_bytes, overview_bytes = bytes_on_disk(self.layout, image.id)
        except (StorageUnavailable, OSError) as error:
            yield _finding("unreadable", image, str(error))
            return
        if (row_bytes, overview_bytes) != (image.row_bytes, image.overview_bytes):
            yield _finding(
                "size_differs",
                image,
                f"{row_bytes + overview_bytes} bytes lie on disk, not {image.row_bytes + image.overview_bytes}",
            )

    def whole(self, image: Image) -> Iterator[Finding]:
        """Every row of every level, and every depth; a piece of 16,384 rows is in memory at a time."""
        try:
            yield from self._depths(image)
            yield from self._rows(image)
        except (StorageUnavailable, OSError) as error:
            yield _finding("unreadable", image, str(error))

    def picks(self, image: Image, picks: Picks) -> Iterator[Finding]:
        """What lies beside the arrays is what the catalog holds; there is no file where there never was a pick."""
        try:
            known = described(picks.of_image(image.id))
            file = self.layout.picks(image.id)
            kept = json.loads(file.read_text()) if file.exists() else []
        except ImageNotFound:
            return
        except (OSError, ValueError) as error:
            yield _finding("picks_differ", image, f"its picks beside the arrays: {error}")
            return
        if kept != known and known == described(picks.of_image(image.id)):
            text = "its picks lie in the catalog alone: the next change of one writes them beside the arrays"
            yield _finding("picks_differ", image, text)

    def _description(self, image: Image) -> Iterator[Finding]:
        try:
            said: dict[str, Any] = json.loads(self.layout.description(image.id).read_text())
        except (OSError, ValueError) as error:
            yield _finding("description_unreadable", image, f"its description beside the arrays: {error}")
            return
        columns = (column.name for column in Image.__table__.columns if column.name not in LIVELY_COLUMNS)
        # Through JSON, as the description went: a tuple is a list there.
        known = json.loads(json.dumps({name: getattr(image, name) for name in columns if name in said}))
        differ = sorted(name for name, value in known.items() if value != said[name])
        if differ:
            yield _finding(
                "description_differs", image, f"its description says otherwise: {', '.join(differ)}"
            )

    def _figures(self, image: Image) -> Iterator[Finding]:
        figures = (image.depth_min, image.depth_max, image.step, image.display_low, image.display_high)
        if not all(map(math.isfinite, figures)):
            yield _finding("not_finite", image, "the catalog holds a depth or display range without end")
        elif image.depth_min > image.depth_max or image.display_low >= image.display_high:
            yield _finding("range_inverted", image, "the catalog holds a range that ends before it begins")
        if image.levels != level_count(image.rows):
            yield _finding(
                "levels_differ", image, f"{image.levels} overview levels, not {level_count(image.rows)}"
            )

    def _depths(self, image: Image) -> Iterator[Finding]:
        row, last = 0, -math.inf
        for depths in self.scanner.depths(image.id, image.rows):
            steps = np.diff(depths, prepend=last)
            if not (steps > 0).all():  # NaN, too, is not
                at = int(np.argmin(steps > 0))
                yield _finding("depths_damaged", image, f"row {row + at} has the depth {depths[at]:.12g}")
                return
            if row == 0 and depths[0] != image.depth_min:
                yield _finding(
                    "depths_differ", image, f"starts at {depths[0]:.12g}, not {image.depth_min:.12g}"
                )
            row, last = row + len(depths), float(depths[-1])
        if last != image.depth_max:
            yield _finding("depths_differ", image, f"ends at {last:.12g}, not {image.depth_max:.12g}")

    def _rows(self, image: Image) -> Iterator[Finding]:
        statistics = ImageStatistics()
        overviews = [
            _Stored(self.scanner.rows(image.id, level, level_rows(image.rows, level)))
            for level in range(1, image.levels + 1)
        ]
        rounded = image.settings.get("rounding") == "mantissa13"
        wrong: set[int] = set()
        tops: list[LevelSums] = []
        for values in self.scanner.rows(image.id, 0, image.rows):
            if np.isinf(values).any():
                yield _finding("not_finite", image, "a row holds an infinite value")
                return
            statistics.add(values.astype(np.float64), values)
            sums: LevelSums | None = None
            for level in range(1, min(image.levels, LEVELS_OF_A_PIECE) + 1):
                sums = reduce_rows(values) if sums is None else reduce_sums(*sums)
                if not overviews[level - 1].next_are(_as_stored(sums, rounded)):
                    wrong.add(level)
            if sums is not None and image.levels > LEVELS_OF_A_PIECE:
                tops.append(sums)
        if tops:
            sums = LevelSums(*(np.concatenate(parts) for parts in zip(*tops, strict=True)))
            for level in range(LEVELS_OF_A_PIECE + 1, image.levels + 1):
                sums = reduce_sums(*sums)
                if not overviews[level - 1].next_are(_as_stored(sums, rounded)):
                    wrong.add(level)
        for level in sorted(wrong):
            yield _finding("overview_differs", image, f"level-{level} is not the mean of the rows")
        yield from _statistics(image, statistics)


class _Stored:
    """Stored rows, taken in pieces of any size."""

    def __init__(self, pieces: Iterator[npt.NDArray[np.float32]]) -> None:
        self._pieces = pieces
        self._left = np.empty((0, 0), np.float32)

    def next_are(self, expected: npt.NDArray[np.float32]) -> bool:
        """Whether the next rows are these, bit by bit but for the bits of a NaN."""
        equal, done = True, 0
        while done < len(expected):
            if not len(self._left):
                self._left = next(self._pieces)
            part = self._left[: len(expected) - done]
            equal = equal and np.array_equal(part, expected[done : done + len(part)], equal_nan=True)
            self._left = self._left[len(part) :]
            done += len(part)
        return equal


def _as_stored(sums: LevelSums, rounded: bool) -> npt.NDArray[np.float32]:
    values = means(*sums)
    return round_mantissa(values) if rounded else values


def _statistics(image: Image, statistics: ImageStatistics) -> Iterator[Finding]:
    found, known = statistics.summary(integers8=False), image.statistics
    size = max(abs(found.minimum or 0.0), abs(found.maximum or 0.0))
    for name in (*EXACT_FIGURES, *ROUNDED_FIGURES):
        value = getattr(found, name)
        if name == "histogram":
            same = list(value) == known.get(name)
        elif name in EXACT_FIGURES or value is None or known.get(name) is None:
            same = value == known.get(name)
        else:
            same = math.isclose(value, known[name], rel_tol=1e-9, abs_tol=1e-9 * size)
        if not same:
            told = "is another" if name == "histogram" else f"is {value}, the catalog says {known.get(name)}"
            yield _finding("statistics_differ", image, f"the {name} of the rows {told}")


def _finding(check: str, image: Image, text: str) -> Finding:
    return Finding(check, f"image {image.id}", text)
