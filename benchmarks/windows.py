"""Windows of an image, all of one height, in an order that is all over the well and repeats none."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

HEIGHT = 84
IMAGE_PATH = "/frames/image?image_id={id}&depth_min=%.4f&depth_max=%.4f"
JSON_PATH = "/frames?image_id={id}&depth_min=%.4f&depth_max=%.4f"


@dataclass
class Windows:
    """Of an image with even steps: window k begins k rows below the top."""

    top: float
    step: float
    count: int
    height: int = HEIGHT
    asked: int = 0
    """How many were taken already."""

    @classmethod
    def of(cls, image: dict[str, Any], height: int = HEIGHT) -> Windows:
        """image: as `/images/{id}` describes it."""
        return cls(image["depth_min"], image["step"], image["rows"] - height + 1, height)

    @property
    def stride(self) -> int:
        """Near the golden section of the well, so that neighbours in time are far apart in depth."""
        stride = max(1, round(self.count * 0.618))
        while math.gcd(stride, self.count) != 1:
            stride += 1
        return stride

    def at(self, row: int) -> tuple[float, float]:
        """The depths of the window that begins at `row`."""
        top = self.top + row * self.step
        return top, top + (self.height - 1) * self.step

    def paths(self, path: str) -> Iterator[str]:
        """The next ones; path: a format of two depths."""
        stride = self.stride
        while self.asked < self.count:
            row = self.asked * stride % self.count
            self.asked += 1
            yield path % self.at(row)
