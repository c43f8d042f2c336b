"""From values to an encoded picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.rendering.colormaps import palette
from app.rendering.colouring import indices
from app.rendering.png import encode_png
from app.rendering.resizing import fit_height, fit_width

RENDERER_VERSION = 1
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
    if style.height is not None:
        values = fit_height(values, style.height)
    if style.width is not None:
        values = fit_width(values, style.width)
    return encode_png(indices(values, style.low, style.high), palette(style.colormap, style.invert))
