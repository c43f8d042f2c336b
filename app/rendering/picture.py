"""From values to an encoded picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.rendering.colormaps import palette
from app.rendering.colouring import indices
from app.rendering.png import encode_png
from app.rendering.resizing import merged_pixels, merged_rows, repeated

RENDERER_VERSION = 2
"""Part of every ETag: raise it when the same request gives other bytes."""


@dataclass(frozen=True)
class Style:
    """How values become a picture. low and high: the values at the colormap's ends."""

    colormap: str
    low: float
    high: float
    invert: bool = False
    width: int | None = None
    height: int | None = None


def render_png(values: npt.NDArray[np.float32], style: Style) -> bytes:
    """values: float32 (n, w), NaN where null and then transparent."""
    rows, pixels = values.shape
    height, width = style.height or rows, style.width or pixels
    merged = merged_pixels(merged_rows(values, height), width)
    # Colours before repeating: a byte for each pixel of the picture instead of several numbers.
    entries = indices(merged, style.low, style.high)
    return encode_png(
        repeated(entries, height, width),
        palette(style.colormap, style.invert),
        rows_repeat=height > len(entries),
    )
