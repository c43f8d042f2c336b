"""Files to drop, and what a clean ingest makes of each."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from app.pipeline.workplace import Workplace
from app.rendering.picture import Style, render_png
from app.storage.arrays.reading import RowReader
from tests.builders import ingest, settings_in

SHAPES = ((3000, 64), (3000, 64), (3000, 64), (33_000, 6))
"""Rows and columns; the last is long enough for the workers to share it."""


@dataclass(frozen=True)
class Content:
    """png: the picture of the whole image, byte for byte; None where the file is bad."""

    text: bytes
    png: bytes | None

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text).hexdigest()


@dataclass
class Contents:
    """Makes contents that differ, each ingested once in a store of its own."""

    folder: Path
    random: random.Random
    made: list[Content] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.place = Workplace.open(settings_in(self.folder, source_width="any"))
        self.place.folders.ensure()
        self.reader = RowReader(self.place.arrays, cache_bytes=0)

    def next(self) -> Content:
        """Mostly something new; now and then a file that is bad, or one that was there before."""
        chance = self.random.random()
        if chance < 0.1:
            return Content(self._table(bad=True), None)
        if chance < 0.25 and self.made:
            return self.random.choice(self.made)
        text = self._table(bad=False)
        self.made.append(Content(text, self._ingested(text)))
        return self.made[-1]

    def _table(self, *, bad: bool) -> bytes:
        rows, columns = self.random.choice(SHAPES)
        values = np.random.default_rng(self.random.randrange(2**32)).integers(0, 256, (rows, columns))
        lines = [
            f"{1000 + row / 10},{','.join(map(str, pixels))}" for row, pixels in enumerate(values.tolist())
        ]
        if bad:
            lines[self.random.randrange(rows)] += "x"
        header = ",".join(["depth", *(f"col{column}" for column in range(columns))])
        return "\n".join([header, *lines, ""]).encode()

    def _ingested(self, text: bytes) -> bytes:
        file = self.folder / "content.csv"
        file.write_bytes(text)
        job = ingest(self.place, file)
        image = self.place.images.get(job.image_ids[0])
        values = self.reader.rows(image.id, 0, 0, image.rows)
        return render_png(values, Style("blue-red", image.display_low, image.display_high))
