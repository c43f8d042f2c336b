"""Picture size: rows and pixels merged by their mean or repeated, and the overview level to start from."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from app.storage.overviews import ROWS_PER_OVERVIEW_ROW

Values = npt.NDArray[np.float32]

SMALL_GROUP = 5
"""Rows whose sum float32 still gives to 7 digits: what a group has once an overview level is chosen."""


def level_for(rows: int, height: int, levels: int) -> int:
    """The coarsest overview level in which a range still has `height` rows; 0, the image itself, if none has.

    rows: how many rows of the image the range has. levels: how many are stored, the image itself counted.
    A range of r rows touches at least ceil(r / 4^k) rows of level k, wherever it begins.
    """
    level = 0
    while level + 1 < levels and -(-rows // ROWS_PER_OVERVIEW_ROW ** (level + 1)) >= height:
        level += 1
    return level


def merged_rows(values: Values, height: int) -> Values:
    """At most `height` rows: means of neighbouring rows where there are more.

    values: float32 (n, w), NaN where null, n ≥ 1. height ≥ 1. Returns float32 (min(n, height), w).
    With n > height, row i is the mean of the rows from floor(i·n/height) up to, not including,
    floor((i+1)·n/height): of what is not null in them, null where all is.
    """
    return _mean_of_groups(values, height) if height < len(values) else values


def merged_pixels(values: Values, width: int) -> Values:
    """At most `width` pixels in each row, merged as `merged_rows` does it with rows.

    values: float32 (n, w), NaN where null, w ≥ 1. width ≥ 1. Returns float32 (n, min(w, width)).
    """
    if width >= values.shape[1]:
        return values
    return np.ascontiguousarray(_mean_of_groups(np.ascontiguousarray(values.T), width).T)


def repeated(entries: npt.NDArray[np.uint8], height: int, width: int) -> npt.NDArray[np.uint8]:
    """Palette entries (n, w) enlarged to (height, width), n ≤ height and w ≤ width: the nearest repeated."""
    rows, pixels = entries.shape
    if width > pixels:
        entries = entries.take(_nearest(pixels, width), axis=1)
    return entries[_nearest(rows, height)] if height > rows else entries


def _nearest(count: int, wanted: int) -> npt.NDArray[np.intp]:
    """For each of `wanted` equal parts, which of `count` equal parts holds its centre."""
    return (2 * np.arange(wanted) + 1) * count // (2 * wanted)


def _mean_of_groups(values: Values, groups: int) -> Values:
    bounds = np.arange(groups + 1) * len(values) // groups
    nulls = np.isnan(values)
    if nulls.any():
        zeroed = values.copy()
        zeroed[nulls] = 0
        means, counts = _sum_of_groups(zeroed, bounds), _sum_of_groups(~nulls, bounds)
    else:
        means, counts = _sum_of_groups(values, bounds), np.diff(bounds)[:, np.newaxis]
    with np.errstate(invalid="ignore"):  # 0 / 0 is the null it shall be
        means /= counts.astype(means.dtype, copy=False)
    return means.astype(np.float32, copy=False)


def _sum_of_groups(
    rows: npt.NDArray[np.float32] | npt.NDArray[np.bool_], bounds: npt.NDArray[np.intp]
) -> npt.NDArray[np.floating[Any]]:
    """(g, w): group i is the rows bounds[i]:bounds[i + 1]; sizes differ by one at most. float32 for small groups.

    All groups' first rows, plus all their second rows, and so on: four times as fast as `np.add.reduceat`
    for the few rows a group has once an overview level is chosen.
    """
    starts, sizes = bounds[:-1], np.diff(bounds)
    smallest = int(sizes.min())
    number = np.float32 if smallest < SMALL_GROUP else np.float64
    totals: npt.NDArray[np.floating[Any]] = rows.take(starts, axis=0).astype(number, copy=False)
    for offset in range(1, smallest):
        totals += rows.take(starts + offset, axis=0)
    larger = np.flatnonzero(sizes > smallest)
    totals[larger] += rows.take(starts[larger] + smallest, axis=0)
    return totals
