"""Which rows of an image a depth range means."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from app.errors import DepthRangeEmpty, InvalidParameter

# Depths made by arithmetic (9000.1 + 0.1 * k) miss the written ones by a few ulp; this forgives them.
TOLERANCE_IN_STEPS = 1 / 1000


class RowRange(NamedTuple):
    """Rows `start` (inclusive) to `stop` (exclusive) of an image."""

    start: int
    stop: int


def select_rows(
    depths: npt.NDArray[np.float64], depth_min: float | None, depth_max: float | None, step: float
) -> RowRange:
    """The rows between two depths, both ends included; never an empty range.

    depths: float64 (n,), ascending, n ≥ 1. step: the image's median step, in the unit of the depths.
    An end that is None is the image's end; what overhangs the image is cut off.

    Raises InvalidParameter where an end is not finite or the ends are inverted, and DepthRangeEmpty where no
    row lies between them.
    """
    check_range(depth_min, depth_max)
    tolerance = step * TOLERANCE_IN_STEPS
    start = 0 if depth_min is None else int(depths.searchsorted(depth_min - tolerance, "left"))
    stop = len(depths) if depth_max is None else int(depths.searchsorted(depth_max + tolerance, "right"))
    if start >= stop:
        raise _range_is_empty(depths, depth_min, depth_max, start)
    return RowRange(start, stop)


def check_range(depth_min: float | None, depth_max: float | None) -> None:
    """Raises InvalidParameter where an end is not finite or the ends are inverted."""
    _check_finite("depth_min", depth_min)
    _check_finite("depth_max", depth_max)
    if depth_min is not None and depth_max is not None and depth_min > depth_max:
        raise InvalidParameter(
            f"depth_min={_text(depth_min)} is greater than depth_max={_text(depth_max)}; "
            "depth_min must be the shallower depth, less than or equal to depth_max.",
            parameter="depth_min",
            depth_min=depth_min,
            depth_max=depth_max,
        )


def _check_finite(parameter: str, depth: float | None) -> None:
    if depth is not None and not math.isfinite(depth):
        raise InvalidParameter(
            f"{parameter}={depth} is not a depth; give a finite number, "
            f"or leave {parameter} out for the image's end.",
            parameter=parameter,
            value=str(depth),
        )


def _range_is_empty(
    depths: npt.NDArray[np.float64], depth_min: float | None, depth_max: float | None, below: int
) -> DepthRangeEmpty:
    """below: the first row deeper than the range, n where there is none."""
    first, last = float(depths[0]), float(depths[-1])
    ends = (("depth_min", depth_min), ("depth_max", depth_max))
    asked = ", ".join(f"{name}={_text(depth)}" for name, depth in ends if depth is not None)
    message = f"No row lies within {asked}; the image covers {_text(first)} to {_text(last)}"
    details: dict[str, object] = {
        "depth_min": first,
        "depth_max": last,
        "asked_depth_min": depth_min,
        "asked_depth_max": depth_max,
    }
    if 0 < below < len(depths):
        nearest = [float(depths[below - 1]), float(depths[below])]
        details["nearest_depths"] = nearest
        message += f" and has nothing between its rows at {_text(nearest[0])} and {_text(nearest[1])}"
    return DepthRangeEmpty(f"{message}.", **details)


def _text(depth: float) -> str:
    return f"{depth:.12g}"
