"""What the numbers of a file are: which mean null, and whether the others are bytes."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import numpy.typing as npt

Float64 = npt.NDArray[np.float64]


def without_null_values(values: Float64, null_values: Collection[float]) -> Float64:
    """The values with NaN for each of the `null_values`; a copy only where there is one."""
    if not values.size:
        return values
    lowest, highest = np.fmin.reduce(values, axis=None), np.fmax.reduce(values, axis=None)
    for null_value in null_values:
        if lowest <= null_value <= highest:
            values = np.where(values == null_value, np.nan, values)
    return values


def are_integers8(pixels: Float64) -> bool:
    """Whether every value survives as a byte, nulls aside. pixels: (n, width), of which the first column is looked
    at first.
    """
    return _survive(pixels[:, :1]) and _survive(pixels)


def _survive(pixels: Float64) -> bool:
    with np.errstate(invalid="ignore"):
        changed = np.count_nonzero(pixels.astype(np.uint8) != pixels)
    return not changed or bool(changed == np.count_nonzero(np.isnan(pixels)))
