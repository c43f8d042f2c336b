"""The frames of a depth range as JSON: as numbers, or as a picture in base64."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson


def frames_json(
    image_id: int,
    depth_unit: str | None,
    depths: npt.NDArray[np.float64],
    values: npt.NDArray[np.float32],
    rgb: list[list[list[int] | None]] | None = None,
) -> bytes:
    """The head and one object per frame: its depth, its pixels and, if `rgb` is given, their colours.

    depths: float64 (n,), n ≥ 1. values: float32 (n, w), NaN where null, told as null. rgb: what
    `colouring.rgb_rows` returns for these values. Numbers are told in the fewest digits that give back the
    same float64 (depths) or float32 (pixels).
    """
    frames: list[dict[str, Any]] = [
        {"depth": depth, "pixels": pixels}
        for depth, pixels in zip(depths.tolist(), np.ascontiguousarray(values), strict=True)
    ]
    if rgb is not None:
        for frame, colours in zip(frames, rgb, strict=True):
            frame["rgb"] = colours
    head = _head(image_id, depth_unit, depths, values.shape[1])
    return orjson.dumps({**head, "frames": frames}, option=orjson.OPT_SERIALIZE_NUMPY)


def frames_base64(
    image_id: int, depth_unit: str | None, depths: npt.NDArray[np.float64], width: int, png: bytes
) -> bytes:
    """The head of `frames_json` and, instead of the frames, a PNG of them.

    depths: float64 (n,), n ≥ 1, of the frames in the picture. width: pixels in each.
    """
    head = _head(image_id, depth_unit, depths, width)
    return orjson.dumps({**head, "format": "base64", "image": base64.b64encode(png).decode("ascii")})


def _head(
    image_id: int, depth_unit: str | None, depths: npt.NDArray[np.float64], width: int
) -> dict[str, Any]:
    """What was returned, which may be less than what was asked for."""
    return {
        "image_id": image_id,
        "depth_min": float(depths[0]),
        "depth_max": float(depths[-1]),
        "depth_unit": depth_unit,
        "total_frames": len(depths),
        "width": width,
    }
