"""From values to colours: which palette entry a value is, and the RGB of an entry."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

# A palette has 255 colours, entries 0 to 254, and one transparent entry for null.
HIGHEST_INDEX = 254
NULL_INDEX = 255


def indices(values: npt.NDArray[np.float32], low: float, high: float) -> npt.NDArray[np.uint8]:
    """The palette entry of each value: round((v - low) / (high - low) * 254), clipped to 0..254; 255 where null.

    values: float32 (n, w), NaN where null. low ≤ high: the display range; where they are equal,
    what is below gets the first colour, what is above the last, and what is equal the middle one.
    Returns uint8 (n, w). Halfway between two entries, to 1/50 of an entry, it may be either.
    """
    if high > low:
        number = _precise_enough(low, high)
        scaled = np.subtract(values, number(low), dtype=number)
        with np.errstate(over="ignore"):
            scaled *= number(HIGHEST_INDEX / (high - low))
        np.rint(scaled, out=scaled)
        np.clip(scaled, 0, HIGHEST_INDEX, out=scaled)
    else:
        scaled = (np.sign(values - low) + 1) * np.float32(HIGHEST_INDEX / 2)
    null = np.isnan(scaled)
    if null.any():
        scaled[null] = NULL_INDEX
    return scaled.astype(np.uint8)


def _precise_enough(low: float, high: float) -> type[np.float32] | type[np.float64]:
    """float32, which is twice as fast, but for a narrow range far from zero and for extreme values."""
    ordinary = 1e-30 < high - low < 1e30 and abs(low) < 1000 * (high - low)
    return np.float32 if ordinary else np.float64


def rgb_rows(indices: npt.NDArray[np.uint8], palette: npt.NDArray[np.uint8]) -> list[list[list[int] | None]]:
    """The colours as plain lists, for JSON: n rows of w triples [r, g, b], None where null.

    indices: uint8 (n, w). palette: uint8 (256, 4). Equal colours share one triple.
    """
    triples = np.empty(256, dtype=object)
    triples[:] = palette[:, :3].tolist()
    triples[NULL_INDEX] = None
    rows: list[list[list[int] | None]] = triples[indices].tolist()
    return rows
