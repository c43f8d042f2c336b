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
from app.storage.catalog.tables import Image
from tests.builders import ingest, sectors, settings_in, write_las

SHAPES = ((3000, 64), (3000, 64), (3000, 64), (33_000, 6))
"""Rows and columns; the last is long enough for the workers to share it."""

LOG_ROWS = 3000
"""Of a file of two images."""


@dataclass(frozen=True)
class Content:
    """pictures: of each whole image, byte for byte, by its channel; None where the file is bad.

    suffix: the end of the file's name.
    """

    text: bytes
    pictures: dict[str, bytes] | None
    suffix: str

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
        suffix = ".las" if self.random.random() < 0.2 else ".csv"
        write = self._log if suffix == ".las" else self._table
        if chance < 0.1:
            return Content(write(bad=True), None, suffix)
        if chance < 0.25 and self.made:
            return self.random.choice(self.made)
        text = write(bad=False)
        self.made.append(Content(text, self._ingested(text, suffix), suffix))
        return self.made[-1]

    def _log(self, *, bad: bool) -> bytes:
        """Two images; where it is bad, it is the second that is."""
        values = np.random.default_rng(self.random.randrange(2**32)).integers(0, 256, (LOG_ROWS, 16))
        curves = sectors("A", values[:, :8].astype(float)) | sectors("B", values[:, 8:].astype(float))
        file = self.folder / "log.las"
        write_las(file, 1000 + np.arange(LOG_ROWS) / 10, curves)
        return file.read_bytes().rstrip() + (b"x\n" if bad else b"\n")

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

    def _ingested(self, text: bytes, suffix: str) -> dict[str, bytes]:
        file = self.folder / f"content{suffix}"
        file.write_bytes(text)
        job = ingest(self.place, file)
        return {image.channel: self._picture(image) for image in map(self.place.images.get, job.image_ids)}

    def _picture(self, image: Image) -> bytes:
        values = self.reader.rows(image.id, 0, 0, image.rows)
        return render_png(values, Style("blue-red", image.display_low, image.display_high))
