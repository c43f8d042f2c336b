"""What is known of values that went by piece by piece: figures, percentiles, histogram."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Distribution", "Histogram", "Moments", "ValueStatistics"]

Float64 = npt.NDArray[np.float64]
Float32 = npt.NDArray[np.float32]
Int64 = npt.NDArray[np.int64]

HISTOGRAM_BINS = 256

# A value's key is the top 18 bits of its float32: sign, exponent, 9 of the mantissa. A key's values lie within
# 2**-9 of each other, and their order follows from the key's bits.
KEY_SHIFT = 14
KEY_COUNT = 1 << 18
NEGATIVE = KEY_COUNT // 2
FIRST_NOT_FINITE = 0x7F800000 >> KEY_SHIFT

# Rows looked at together: several passes over what fits in the CPU's cache.
PIECE_ROWS = 512


class Histogram(NamedTuple):
    """How many values lie in each of 256 bins of equal width between two edges, and beyond the edges."""

    edges: tuple[float, float]
    counts: tuple[int, ...]
    below: int
    above: int


class ValueStatistics:
    """Statistics of stored values, chunk by chunk; those of other rows are merged. Picklable (2 MB)."""

    def __init__(self) -> None:
        self.rows = 0
        self.pixels = 0
        self.lowest = math.inf
        self.highest = -math.inf
        self.moments = Moments()
        self._key_counts = np.zeros(KEY_COUNT, dtype=np.int64)

    def add(self, values: Float32) -> None:
        """Take in a chunk: float32 (n, w), NaN where null. What is not null must be finite."""
        self.rows += len(values)
        self.pixels += values.size
        for start in range(0, len(values), PIECE_ROWS):
            piece = values[start : start + PIECE_ROWS]
            self.moments.add(piece)
            self.lowest = min(self.lowest, float(np.fmin.reduce(piece, axis=None, initial=np.inf)))
            self.highest = max(self.highest, float(np.fmax.reduce(piece, axis=None, initial=-np.inf)))
        keys = np.ascontiguousarray(values).reshape(-1).view(np.uint32) >> np.uint32(KEY_SHIFT)
        self._key_counts += np.bincount(keys.view(np.int32), minlength=KEY_COUNT)

    def merge(self, other: ValueStatistics) -> None:
        """Take in the rows that another one has seen."""
        self.rows += other.rows
        self.pixels += other.pixels
        self.lowest = min(self.lowest, other.lowest)
        self.highest = max(self.highest, other.highest)
        self.moments.merge(other.moments)
        self._key_counts += other._key_counts

    @property
    def null_count(self) -> int:
        return self.pixels - self.moments.count

    @property
    def null_fraction(self) -> float:
        return self.null_count / self.pixels if self.pixels else 0.0

    @property
    def minimum(self) -> float | None:
        return self.lowest if self.moments.count else None

    @property
    def maximum(self) -> float | None:
        return self.highest if self.moments.count else None

    @property
    def mean(self) -> float | None:
        return self.moments.mean if self.moments.count else None

    @property
    def variance(self) -> float | None:
        """Of the population."""
        return self.moments.variance

    @property
    def standard_deviation(self) -> float | None:
        return None if self.variance is None else math.sqrt(self.variance)

    def distribution(self) -> Distribution | None:
        """None where every value is null."""
        return Distribution(self._key_counts, self.lowest, self.highest) if self.moments.count else None


class Distribution:
    """How many values there are up to any value, within 0.2 % of it: by the keys that occur, in order of value."""

    def __init__(self, key_counts: Int64, minimum: float, maximum: float) -> None:
        counts = key_counts.reshape(2, NEGATIVE)[:, :FIRST_NOT_FINITE]
        positive, negative = np.flatnonzero(counts[0]), np.flatnonzero(counts[1])[::-1]
        low = np.concatenate([-_magnitude(negative + 1), _magnitude(positive)])
        high = np.concatenate([-_magnitude(negative), _magnitude(positive + 1)])
        self.minimum, self.maximum = minimum, maximum
        self.low, self.high = np.clip(low, minimum, maximum), np.clip(high, minimum, maximum)
        self.counts = np.concatenate([counts[1][negative], counts[0][positive]])
        self.up_to = np.cumsum(self.counts)

    def percentile(self, share: float) -> float:
        """As numpy.percentile's default, "linear": between the two values nearest to the rank. share: 0 to 1."""
        rank = share * float(self.up_to[-1] - 1)
        below = math.floor(rank)
        low, high = self._value_at(below), self._value_at(math.ceil(rank))
        return low + (high - low) * (rank - below)

    def are_one(self, low_share: float, high_share: float) -> bool:
        """Whether two percentiles are the same as far as can be told."""
        last = float(self.up_to[-1] - 1)
        return self._key_of(math.floor(low_share * last)) == self._key_of(math.ceil(high_share * last))

    def histogram(self, low: float, high: float) -> Histogram:
        """Each key's values spread evenly between its ends, counted in bins; whole numbers of the right sum."""
        ends = np.column_stack([self.low, self.high]).reshape(-1)
        up_to = np.column_stack([self.up_to - self.counts, self.up_to]).reshape(-1)
        bounds = np.linspace(low, high, HISTOGRAM_BINS + 1)
        cumulative = np.rint(np.interp(bounds, ends, up_to)).astype(np.int64)
        if low <= self.minimum:
            cumulative[0] = 0
        below, within = int(cumulative[0]), int(cumulative[-1])
        return Histogram(
            (low, high), tuple(np.diff(cumulative).tolist()), below, int(self.up_to[-1]) - within
        )

    def _value_at(self, rank: int) -> float:
        """The value of this rank, had each key's values been spread evenly between its ends."""
        key = self._key_of(rank)
        share = 1 - (self.up_to[key] - rank - 0.5) / self.counts[key]
        return float(self.low[key] + share * (self.high[key] - self.low[key]))

    def _key_of(self, rank: int) -> int:
        return int(np.searchsorted(self.up_to, rank, side="right"))


class Moments:
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
        piece = Moments()
        piece.count = deviations.size
        piece.mean = origin + offset
        piece.squares = float(deviations @ deviations)
        self.merge(piece)

    def merge(self, other: Moments) -> None:
        if not other.count:
            return
        count = self.count + other.count
        delta = other.mean - self.mean
        self.squares += other.squares + delta * delta * (self.count * other.count / count)
        self.mean += delta * (other.count / count)
        self.count = count


def _magnitude(keys: Int64) -> Float64:
    """The smallest absolute value with this key."""
    return (keys << KEY_SHIFT).astype(np.uint32).view(np.float32).astype(np.float64)
