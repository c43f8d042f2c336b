"""Rows of an image on their way into a file."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from app.storage.catalog.tables import Image

Depths = npt.NDArray[np.float64]
Values = npt.NDArray[np.float32]
Pieces = Generator[bytes, None, None]
"""A file from its first byte to its last. Who stops before the end closes it."""

EVENNESS_IN_STEPS = 1 / 1000


@dataclass(frozen=True)
class Table:
    """What is known of the rows before the first of them is read.

    depths: float64 (n,), n ≥ 1, ascending. width: pixels of a row. lowest, highest: of the whole image's values,
    None where all are null.
    about: what a file can say of the image beside its rows, as text.
    """

    depths: Depths
    width: int
    depth_unit: str | None
    step: float
    lowest: float | None
    highest: float | None
    about: dict[str, str]

    @classmethod
    def of(cls, image: Image, depths: Depths) -> Table:
        """depths: of the rows that the file will hold."""
        said = {
            **image.other,
            "image_id": image.id,
            "name": image.name,
            "channel": image.channel,
            "well": image.well,
            "uwi": image.uwi,
            "tool": image.tool,
            "run": image.run,
            "unit": image.unit,
            "hole_diameter": image.hole_diameter,
            "depth_unit": image.depth_unit,
        }
        statistics = image.statistics
        return cls(
            depths,
            image.width,
            image.depth_unit,
            image.step,
            statistics["minimum"],
            statistics["maximum"],
            {name: str(value) for name, value in said.items() if value not in (None, "")},
        )

    @property
    def rows(self) -> int:
        return len(self.depths)

    @property
    def columns(self) -> list[str]:
        """The names of depth and pixels: `depth`, `p1`, `p2` …"""
        return ["depth", *(f"p{pixel}" for pixel in range(1, self.width + 1))]

    @property
    def is_even(self) -> bool:
        """Whether all steps in depth are the image's median step, but for a thousandth of it."""
        steps = np.diff(self.depths)
        return bool((np.abs(steps - self.step) <= self.step * EVENNESS_IN_STEPS).all())

    def with_depths(self, blocks: Iterable[Values]) -> Iterator[tuple[Depths, Values]]:
        """Each block of the table's rows, in their order, with its depths."""
        start = 0
        for values in blocks:
            yield self.depths[start : start + len(values)], values
            start += len(values)


def pieces(array: npt.NDArray[np.float64], rows: int = 8192) -> Iterator[bytes]:
    """An array's bytes, little-endian, some at a time."""
    for start, stop in pairwise([*range(0, len(array), rows), len(array)]):
        yield array[start:stop].astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
