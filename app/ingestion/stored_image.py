"""What is known of an image once all its rows are written."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from app.ingestion.statistics import ImageStatistics
from app.storage.overviews import level_count


@dataclass(frozen=True)
class Findings:
    """What reading found, of a whole file or of some of its lines.

    integers8: every pixel is an integer within 0..255 (nulls aside).
    """

    source_width: int
    depth_unit: str | None
    descending: bool
    dropped_rows: int
    integers8: bool
    statistics: ImageStatistics


@dataclass(frozen=True)
class StoredImage:
    """Depths are in the file's own unit."""

    image_id: int
    rows: int
    source_width: int
    levels: int
    dropped_rows: int
    depth_min: float
    depth_max: float
    depth_unit: str | None
    step: float
    descending: bool
    display_range: tuple[float, float]
    statistics: dict[str, Any]


def summed_up(image_id: int, depths: npt.NDArray[np.float64], findings: Findings) -> StoredImage:
    """depths: float64 (rows,), ascending."""
    figures = asdict(findings.statistics.summary(integers8=findings.integers8))
    low, high = figures.pop("display_range")
    return StoredImage(
        image_id=image_id,
        rows=len(depths),
        source_width=findings.source_width,
        levels=level_count(len(depths)),
        dropped_rows=findings.dropped_rows,
        depth_min=float(depths[0]),
        depth_max=float(depths[-1]),
        depth_unit=findings.depth_unit,
        step=_median_step(depths),
        descending=findings.descending,
        display_range=(low, high),
        statistics=figures,
    )


def _median_step(depths: npt.NDArray[np.float64]) -> float:
    """Median distance of neighbouring rows, without the digits that subtraction leaves behind; 0 for one row."""
    return float(f"{np.median(np.diff(depths)):.9g}") if len(depths) > 1 else 0.0
