"""From values to an encoded picture."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from app.rendering.colormaps import Palette, palette
from app.rendering.colouring import indices
from app.rendering.png import encode_png
from app.rendering.resizing import merged_pixels, merged_rows, repeated

PictureFormat = Literal["png", "webp", "jpeg"]

RENDERER_VERSION = 2
"""Part of every ETag: raise it when the same request gives other bytes."""

JPEG_QUALITY = 90


@dataclass(frozen=True)
class Style:
    """How values become a picture. low and high: the values at the colormap's ends.

    azimuth_offset: degrees from 0 to below 360, the azimuth at the picture's left edge.
    """

    colormap: str
    low: float
    high: float
    invert: bool = False
    width: int | None = None
    height: int | None = None
    azimuth_offset: float = 0.0


def render_png(values: npt.NDArray[np.float32], style: Style) -> bytes:
    """values: float32 (n, w), NaN where null and then transparent."""
    entries = _entries(values, style)
    return encode_png(
        entries,
        palette(style.colormap, style.invert),
        rows_repeat=len(entries) > len(values),
    )


def render_picture(values: npt.NDArray[np.float32], style: Style, picture_format: PictureFormat) -> bytes:
    """values: float32 (n, w), NaN where null: transparent, white in a JPEG. WebP is lossless, as PNG is."""
    if picture_format == "png":
        return render_png(values, style)
    return _encoded(_entries(values, style), palette(style.colormap, style.invert), picture_format)


def _entries(values: npt.NDArray[np.float32], style: Style) -> npt.NDArray[np.uint8]:
    """The palette entry of each pixel of the picture."""
    rows, pixels = values.shape
    height, width = style.height or rows, style.width or pixels
    if style.azimuth_offset:
        values = np.roll(values, -int(style.azimuth_offset / 360 * pixels + 0.5), axis=1)
    merged = merged_pixels(merged_rows(values, height), width)
    # Colours before repeating: a byte for each pixel of the picture instead of several numbers.
    return repeated(indices(merged, style.low, style.high), height, width)


def _encoded(
    entries: npt.NDArray[np.uint8], colours: Palette, picture_format: Literal["webp", "jpeg"]
) -> bytes:
    from PIL import Image  # takes as long as a hundred pictures: not before one asks for these formats

    file = io.BytesIO()
    if picture_format == "webp":
        Image.fromarray(colours[entries]).save(file, "webp", lossless=True, quality=50, method=0)
    else:  # full colour resolution: beds are as thin as a row; a null's entry is white
        Image.fromarray(colours[entries, :3]).save(file, "jpeg", quality=JPEG_QUALITY, subsampling=0)
    return file.getvalue()
