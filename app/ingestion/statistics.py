"""What is known about an image's values once every chunk has gone by: figures, display range, histogram."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.ingestion.value_statistics import (
    HISTOGRAM_BINS,
    PIECE_ROWS,
    Distribution,
    Histogram,
    Moments,
    ValueStatistics,
)

__all__ = ["ImageStatistics", "StatisticsSummary", "percentiles"]

Float64 = npt.NDArray[np.float64]
Float32 = npt.NDArray[np.float32]

DISPLAY_SHARES = (0.02, 0.98)
HISTOGRAM_SHARES = (0.001, 0.999)
PERCENTILES = (1, 5, 10, 25, 50, 75, 90, 95, 99)

# Below this share of the values' size a difference is float32's rounding, not contrast.
CONSTANT = 1e-6


@dataclass(frozen=True)
class StatisticsSummary:
    """Plain Python values, ready for JSON by `dataclasses.asdict`; None where undefined, never NaN.

    All but source_variance is of the stored pixels; variances are of the population.
    variance_ratio: stored_variance / source_variance, None where the source has none.
    percentiles: by their number as text, within 0.2 %. display_range: low < high.
    histogram: counts in 256 bins of equal width between histogram_edges, which hold the display range and the
    0.1th to the 99.9th percentile: a few outliers do not coarsen it. histogram_below and _above: beyond the edges.
    """

    rows: int
    null_count: int
    null_fraction: float
    minimum: float | None
    maximum: float | None
    mean: float | None
    standard_deviation: float | None
    percentiles: dict[str, float]
    source_variance: float | None
    stored_variance: float | None
    variance_ratio: float | None
    display_range: tuple[float, float]
    histogram: tuple[int, ...]
    histogram_edges: tuple[float, float]
    histogram_below: int
    histogram_above: int


class ImageStatistics:
    """Statistics of an image, chunk by chunk; those of other row groups are merged. Picklable (2 MB)."""

    def __init__(self) -> None:
        self._source = Moments()
        self._stored = ValueStatistics()

    def add(self, source: Float64, stored: Float32) -> None:
        """Take in a chunk: source float64 (n, source_width), stored float32 (n, width), NaN where null.

        What is not null must be finite.
        """
        for start in range(0, len(source), PIECE_ROWS):
            self._source.add(source[start : start + PIECE_ROWS])
        self._stored.add(stored)

    def merge(self, other: ImageStatistics) -> None:
        """Take in the rows that another one has seen."""
        self._source.merge(other._source)
        self._stored.merge(other._stored)

    def summary(self, *, integers8: bool) -> StatisticsSummary:
        """integers8: every source value is an integer in 0..255; the display range is then (0, 255).

        Otherwise it is the 2nd to the 98th percentile, each within 0.2 % of its value.
        """
        stored = self._stored
        before, after = self._source.variance, stored.variance
        distribution = stored.distribution()
        display_range = (0.0, 255.0) if integers8 else _display_range(distribution)
        histogram = _histogram(distribution, display_range)
        return StatisticsSummary(
            rows=stored.rows,
            null_count=stored.null_count,
            null_fraction=stored.null_fraction,
            minimum=stored.minimum,
            maximum=stored.maximum,
            mean=stored.mean,
            standard_deviation=stored.standard_deviation,
            percentiles=percentiles(distribution),
            source_variance=before,
            stored_variance=after,
            variance_ratio=after / before if after is not None and before else None,
            display_range=display_range,
            histogram=histogram.counts,
            histogram_edges=histogram.edges,
            histogram_below=histogram.below,
            histogram_above=histogram.above,
        )


def percentiles(distribution: Distribution | None) -> dict[str, float]:
    """The customary ones, by their number as text; none of no values."""
    if distribution is None:
        return {}
    return {str(number): distribution.percentile(number / 100) for number in PERCENTILES}


def _display_range(distribution: Distribution | None) -> tuple[float, float]:
    if distribution is None:
        return 0.0, 1.0
    minimum, maximum = distribution.minimum, distribution.maximum
    size = max(abs(minimum), abs(maximum))
    if maximum - minimum <= CONSTANT * size:
        margin = max(0.5, size / 256)
        return minimum - margin, maximum + margin
    if distribution.are_one(*DISPLAY_SHARES):
        return minimum, maximum
    low, high = (distribution.percentile(share) for share in DISPLAY_SHARES)
    return low, high


def _histogram(distribution: Distribution | None, display_range: tuple[float, float]) -> Histogram:
    if distribution is None:
        return Histogram(display_range, (0,) * HISTOGRAM_BINS, 0, 0)
    low, high = (distribution.percentile(share) for share in HISTOGRAM_SHARES)
    return distribution.histogram(min(low, display_range[0]), max(high, display_range[1]))
