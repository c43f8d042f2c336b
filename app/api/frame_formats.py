"""The formats in which the numbers of a depth range are answered."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from app.api.frame_reading import Selection
from app.api.pictures import HEADERS
from app.rendering.colormaps import palette
from app.rendering.colouring import indices, rgb_rows
from app.rendering.exports.formats import FILE_FORMATS, FormatName
from app.rendering.exports.table import Table
from app.rendering.frames_json import frames_base64, frames_json
from app.rendering.picture import Style, render_png

FrameFormat = Literal["json", "base64", FormatName]

MEDIA_TYPES: dict[str, str] = {
    "json": "application/json",
    "base64": "application/json",
    **{name: each.media_type for name, each in FILE_FORMATS.items()},
}
OFFERS: dict[str, FrameFormat] = {
    "application/json": "json",
    **{each.media_type: name for name, each in FILE_FORMATS.items()},
}
"""Media type → format, for a client that asks by its Accept header."""

OF_ROWS_ALONE: frozenset[FrameFormat] = frozenset({"json", "base64", "csv", "npy"})
"""Formats that say nothing of the image that `PATCH /images/{image_id}` could change."""

OF_A_LIBRARY: frozenset[FrameFormat] = frozenset({"arrow", "parquet"})
"""Formats whose libraries are loaded when they are first needed: never on the event loop."""

FRAMES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The rows of the range. Nulls are `null` in JSON, Arrow and Parquet, empty in CSV, the "
        "header's `NULL` in LAS, else NaN.",
        "headers": HEADERS,
        "content": {
            "application/json": {
                "example": {
                    "image_id": 1,
                    "depth_min": 9201.9,
                    "depth_max": 9210.3,
                    "depth_unit": None,
                    "total_frames": 85,
                    "width": 150,
                    "frames": [{"depth": 9201.9, "pixels": [103.0, 108.25, None]}],
                }
            },
            "text/csv": {"example": "depth,p1,p2,p3\n9201.9,103.0,108.25,\n"},
            **{
                media_type: {"schema": {"type": "string", "format": "binary"}}
                for media_type in OFFERS
                if media_type not in ("application/json", "text/csv")
            },
        },
    },
    304: {"description": "What you have is still right."},
}


def frames_body(
    frame_format: FrameFormat, selection: Selection, values: npt.NDArray[np.float32], style: Style | None
) -> bytes:
    """values: float32 (n, width), NaN where null. style: the colours, which JSON may have and base64 has always."""
    image, depths = selection.image, selection.row_depths
    if frame_format != "json" and frame_format != "base64":
        return b"".join(FILE_FORMATS[frame_format].write(Table.of(image, depths), [values]))
    if frame_format == "base64":
        assert style is not None
        return frames_base64(image.id, image.depth_unit, depths, image.width, render_png(values, style))
    rgb = None
    if style is not None:
        rgb = rgb_rows(indices(values, style.low, style.high), palette(style.colormap))
    return frames_json(image.id, image.depth_unit, depths, values, rgb)
