"""What is known about an image's values once every chunk has gone by: figures, display range, histogram."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["ImageStatistics", "StatisticsSummary"]

Float64 = npt.NDArray[np.float64]
Float32 = npt.NDArray[np.float32]
Int64 = npt.NDArray[np.int64]

PERCENTILES = (0.02, 0.98)
HISTOGRAM_BINS = 256

# A value's key is the top 18 bits of its float32: sign, exponent, 9 of the mantissa. A key's values lie within
# 2**-9 of each other, and their order follows from the key's bits.
KEY_SHIFT = 14
KEY_COUNT = 1 << 18
NEGATIVE = KEY_COUNT // 2
FIRST_NOT_FINITE = 0x7F800000 >> KEY_SHIFT

# Below this share of the values' size a difference is float32's rounding, not contrast.
CONSTANT = 1e-6

# Rows looked at together: several passes over what fits in the CPU's cache.
PIECE_ROWS = 512


@dataclass(frozen=True)
class StatisticsSummary:
    """Plain Python values, ready for JSON by `dataclasses.asdict`; None where undefined, never NaN.

    All but source_variance is of the stored pixels; variances are of the population.
    variance_ratio: stored_variance / source_variance, None where the source has none.
    display_range: low < high. histogram: counts in 256 bins of equal width over [minimum, maximum].
    """

    rows: int
    null_count: int
    null_fraction: float
    minimum: float | None
    maximum: float | None
    mean: float | None
    standard_deviation: float | None
    source_variance: float | None
    stored_variance: float | None
    variance_ratio: float | None
    display_range: tuple[float, float]
    histogram: tuple[int, ...]


class ImageStatistics:
    """Statistics of an image, chunk by chunk; those of other row groups are merged. Picklable (2 MB)."""

    def __init__(self) -> None:
        self._rows = 0
        self._pixels = 0
        self._minimum = math.inf
        self._maximum = -math.inf
        self._source = _Moments()
        self._stored = _Moments()
        self._key_counts = np.zeros(KEY_COUNT, dtype=np.int64)

    def add(self, source: Float64, stored: Float32) -> None:
        """Take in a chunk: source float64 (n, source_width), stored float32 (n, width), NaN where null.

        What is not null must be finite.
        """
        self._rows += len(stored)
        self._pixels += stored.size
        for start in range(0, len(source), PIECE_ROWS):
            self._source.add(source[start : start + PIECE_ROWS])
        for start in range(0, len(stored), PIECE_ROWS):
            piece = stored[start : start + PIECE_ROWS]
            self._stored.add(piece)
            self._minimum = min(self._minimum, float(np.fmin.reduce(piece, axis=None, initial=np.inf)))
            self._maximum = max(self._maximum, float(np.fmax.reduce(piece, axis=None, initial=-np.inf)))
        keys = np.ascontiguousarray(stored).reshape(-1).view(np.uint32) >> np.uint32(KEY_SHIFT)
        self._key_counts += np.bincount(keys.view(np.int32), minlength=KEY_COUNT)

    def merge(self, other: ImageStatistics) -> None:
        """Take in the rows that another one has seen."""
        self._rows += other._rows
        self._pixels += other._pixels
        self._minimum = min(self._minimum, other._minimum)
        self._maximum = max(self._maximum, other._maximum)
        self._source.merge(other._source)
        self._stored.merge(other._stored)
        self._key_counts += other._key_counts

    def summary(self, *, integers8: bool) -> StatisticsSummary:
        """integers8: every source value is an integer in 0..255; the display range is then (0, 255).

        Otherwise it is the 2nd to the 98th percentile, each within 0.2 % of its value.
        """
        nulls = self._pixels - self._stored.count
        before, after = self._source.variance, self._stored.variance
        some = after is not None
        keys = _OccupiedKeys(self._key_counts, self._minimum, self._maximum)
        return StatisticsSummary(
            rows=self._rows,
            null_count=nulls,
            null_fraction=nulls / self._pixels if self._pixels else 0.0,
            minimum=self._minimum if some else None,
            maximum=self._maximum if some else None,
            mean=self._stored.mean if some else None,
            standard_deviation=math.sqrt(after) if after is not None else None,
            source_variance=before,
            stored_variance=after,
            variance_ratio=after / before if after is not None and before else None,
            display_range=(0.0, 255.0) if integers8 else keys.display_range(),
            histogram=keys.histogram(),
        )


class _Moments:
    """Count, mean and sum of squared deviations, merged by Chan, Golub and LeVeque's pairwise update.

    T. F. Chan, G. H. Golub, R. J. LeVeque: "Algorithms for computing the sample variance: analysis and
    recommendations", The American Statistician 37 (1983), 242-247.
    """

    def __init__(self) -> None:
        self.count = 0
        self.mean = 0.0
        self.squares = 0.0

    @property
    def variance(self) -> float | None:
        return self.squares / self.count if self.count else None

    def add(self, values: npt.NDArray[np.floating]) -> None:
        """values: of any shape, NaN where null."""
        deviations = values.astype(np.float64, order="C").reshape(-1)
        if math.isnan(deviations.sum()):
            deviations = deviations[~np.isnan(deviations)]
        if not deviations.size:
            return
        # Taken off first, a value of the piece itself leaves exact zeros of constant values.
        origin = float(deviations[0])
        deviations -= origin
        offset = float(deviations.sum()) / deviations.size
        deviations -= offset
        piece = _Moments()
        piece.count = deviations.size
        piece.mean = origin + offset
        piece.squares = float(deviations @ deviations)
        self.merge(piece)

    def merge(self, other: _Moments) -> None:
        if not other.count:
            return
        count = self.count + other.count
        delta = other.mean - self.mean
        self.squares += other.squares + delta * delta * (self.count * other.count / count)
        self.mean += delta * (other.count / count)
        self.count = count


class _OccupiedKeys:
    """The keys that occur, in order of value: their lowest and highest value, and how many values up to each."""

    def __init__(self, key_counts: Int64, minimum: float, maximum: float) -> None:
        counts = key_counts.reshape(2, NEGATIVE)[:, :FIRST_NOT_FINITE]
        positive, negative = np.flatnonzero(counts[0]), np.flatnonzero(counts[1])[::-1]
        low = np.concatenate([-_magnitude(negative + 1), _magnitude(positive)])
        high = np.concatenate([-_magnitude(negative), _magnitude(positive + 1)])
        self.minimum, self.maximum = minimum, maximum
        self.low, self.high = np.clip(low, minimum, maximum), np.clip(high, minimum, maximum)
        self.counts = np.concatenate([counts[1][negative], counts[0][positive]])
        self.up_to = np.cumsum(self.counts)

    def display_range(self) -> tuple[float, float]:
        if not len(self.counts):
            return 0.0, 1.0
        size = max(abs(self.minimum), abs(self.maximum))
        if self.maximum - self.minimum <= CONSTANT * size:
            margin = max(0.5, size / 256)
            return self.minimum - margin, self.maximum + margin
        low, high = (share * float(self.up_to[-1] - 1) for share in PERCENTILES)
        if self._key_of(math.floor(low)) == self._key_of(math.ceil(high)):
            return self.minimum, self.maximum
        return self._value_between(low), self._value_between(high)

    def _value_between(self, rank: float) -> float:
        """As numpy.percentile's default, "linear": between the two values nearest to the rank."""
        below = math.floor(rank)
        low, high = self._value_at(below), self._value_at(math.ceil(rank))
        return low + (high - low) * (rank - below)

    def _value_at(self, rank: int) -> float:
        """The value of this rank, had each key's values been spread evenly between its ends."""
        key = self._key_of(rank)
        share = 1 - (self.up_to[key] - rank - 0.5) / self.counts[key]
        return float(self.low[key] + share * (self.high[key] - self.low[key]))

    def _key_of(self, rank: int) -> int:
        return int(np.searchsorted(self.up_to, rank, side="right"))

    def histogram(self) -> tuple[int, ...]:
        """Each key's values spread evenly between its ends, counted in bins; whole numbers of the right sum."""
        if not len(self.counts):
            return (0,) * HISTOGRAM_BINS
        ends = np.column_stack([self.low, self.high]).reshape(-1)
        up_to = np.column_stack([self.up_to - self.counts, self.up_to]).reshape(-1)
        bounds = np.linspace(self.minimum, self.maximum, HISTOGRAM_BINS + 1)
        cumulative = np.rint(np.interp(bounds[1:], ends, up_to)).astype(np.int64)
        return tuple(np.diff(cumulative, prepend=0).tolist())


def _magnitude(keys: Int64) -> Float64:
    """The smallest absolute value with this key."""
    return (keys << KEY_SHIFT).astype(np.uint32).view(np.float32).astype(np.float64)
