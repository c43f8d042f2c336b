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
    Returns uint8 (n, w).
    """
    scaled = np.subtract(values, low, dtype=np.float64)
    if high > low:
        with np.errstate(over="ignore"):
            scaled /= high - low
            scaled *= HIGHEST_INDEX
        np.rint(scaled, out=scaled)
        np.clip(scaled, 0, HIGHEST_INDEX, out=scaled)
    else:
        scaled = (np.sign(scaled) + 1) * (HIGHEST_INDEX / 2)
    np.copyto(scaled, NULL_INDEX, where=np.isnan(values))
    return scaled.astype(np.uint8)


def rgb_rows(indices: npt.NDArray[np.uint8], palette: npt.NDArray[np.uint8]) -> list[list[list[int] | None]]:
    """The colours as plain lists, for JSON: n rows of w triples [r, g, b], None where null.

    indices: uint8 (n, w). palette: uint8 (256, 4). Equal colours share one triple.
    """
    triples = np.empty(256, dtype=object)
    triples[:] = palette[:, :3].tolist()
    triples[NULL_INDEX] = None
    rows: list[list[list[int] | None]] = triples[indices].tolist()
    return rows
