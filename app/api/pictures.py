"""Rows as a picture: what ranges and tiles have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from fastapi import Request
from starlette.background import BackgroundTask
from starlette.responses import Response

from app.api.answers import IMAGE_ID
from app.api.conditional import CACHE_CONTROL, entity_tag, is_unchanged, not_modified
from app.api.frame_reading import Selection, Stopwatch, depth_gaps, read
from app.api.negotiation import preferred
from app.api.services import Services
from app.rendering.depth_axis import on_depth_axis
from app.rendering.normalising import (
    block_moments,
    normalised,
    on_window_scale,
    window_moments,
    window_rows,
)
from app.rendering.picture import PictureFormat, Style, render_picture, render_png
from app.rendering.row_extents import row_extents
from app.storage.arrays.reading import RowReader

Values = npt.NDArray[np.float32]

PIXELS_ON_THE_LOOP = 80_000
"""A picture of more pixels, one more than a tile, is drawn in a thread, so that others need not wait for it."""

HEADERS = {
    name: {"schema": {"type": "string"}, "description": text}
    for name, text in {
        "ETag": "Send it back as If-None-Match: 304 if nothing changed.",
        "X-Depth-Min": "Depth of the first row shown; on a depth axis, of the picture's upper edge.",
        "X-Depth-Max": "Depth of the last row shown; on a depth axis, of the picture's lower edge.",
        "X-Row-Count": "Rows of the image in this range.",
        "X-Row-Start": "Number of the first of them; the image's first row is 0.",
        "X-Depth-Gaps": "Gaps in depth among them, which a picture shows with `axis=depth` only: steps over "
        "3 times the median.",
        "X-Level": "Overview level they were read from; 0 is the image itself.",
        "Server-Timing": "Milliseconds for reading, and for drawing and encoding.",
    }.items()
}
PICTURE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/png": {}}, "description": "A PNG; nulls are transparent.", "headers": HEADERS},
    304: {"description": "What you have is still right."},
}
MEDIA_TYPES: dict[PictureFormat, str] = {"png": "image/png", "webp": "image/webp", "jpeg": "image/jpeg"}
PICTURE_OFFERS: dict[str, PictureFormat] = {media_type: name for name, media_type in MEDIA_TYPES.items()}
"""Media type → format, for a client that asks by its Accept header."""
PICTURE_OF_A_FORMAT: dict[int | str, dict[str, Any]] = PICTURE | {
    200: {
        "content": {media_type: {} for media_type in PICTURE_OFFERS},
        "description": "A picture; nulls are transparent, white in a JPEG.",
        "headers": HEADERS,
    }
}


def accepted_picture(accept: str) -> PictureFormat:
    """The format that an Accept header asks for. Raises FormatNotOffered.

    Browsers name whatever they can show, and end with a wildcard: to them PNG is as good, and it is smaller and
    sooner drawn than the others.
    """
    return "png" if "/*" in accept else preferred(accept, PICTURE_OFFERS, "png")


async def picture(
    request: Request,
    services: Services,
    selection: Selection,
    style: Style,
    window: float | None,
    cache_control: str = CACHE_CONTROL,
    picture_format: PictureFormat = "png",
    vary: str | None = None,
) -> Response:
    """window: that of dynamic normalisation, in depth; None for static. Raises StorageUnavailable."""
    watch = Stopwatch()
    tag = entity_tag(selection, picture_format, style, window)
    if is_unchanged(request, tag):
        return not_modified(tag, cache_control, vary)
    request.scope[IMAGE_ID] = selection.image.id
    keeping = None
    drawing = Drawing(selection, style, window, picture_format)
    if drawing.is_quick:
        values = await read(services, selection)
        watch.lap("read")
        body = render_png(values, style)
    else:
        body, is_new = await services.heavy_work.run(_kept_or_drawn, services, drawing, tag, watch)
        if is_new and drawing.is_dear:
            keeping = BackgroundTask(services.kept_pictures.put, tag, body)
    watch.lap("render")
    headers = row_headers(services, selection, tag, watch) | {"Cache-Control": cache_control}
    if vary:
        headers["Vary"] = vary
    return Response(body, media_type=MEDIA_TYPES[picture_format], headers=headers, background=keeping)


@dataclass(frozen=True)
class Drawing:
    """All that a picture depends on. window: of dynamic normalisation, in depth; None for static."""

    selection: Selection
    style: Style
    window: float | None
    picture_format: PictureFormat

    @property
    def is_quick(self) -> bool:
        """Whether it is drawn on the event loop."""
        is_plain = self.window is None and self.picture_format == "png" and self.selection.axis is None
        return is_plain and not self.is_dear

    @property
    def is_dear(self) -> bool:
        """Whether drawing takes so long that the result is kept."""
        view, width = self.selection.view, self.style.width or self.selection.image.width
        return max(view.stop - view.start, self.style.height or 0) * width > PIXELS_ON_THE_LOOP


def _kept_or_drawn(services: Services, drawing: Drawing, tag: str, watch: Stopwatch) -> tuple[bytes, bool]:
    """The picture, and whether it had to be drawn."""
    kept = services.kept_pictures.get(tag)
    return (_drawn(services.reader, drawing, watch), True) if kept is None else (kept, False)


def _drawn(reader: RowReader, drawing: Drawing, watch: Stopwatch) -> bytes:
    selection, style = drawing.selection, drawing.style
    image, view = selection.image, selection.view
    values = reader.rows(image.id, view.level, view.start, view.stop)
    if drawing.window is not None:
        values = _normalised(reader, selection, values, drawing.window)
        style = on_window_scale(style, image.display_low, image.display_high)
    watch.lap("read")
    if selection.axis is not None:
        extents = row_extents(selection.depths, view, image.step)
        values = on_depth_axis(values, extents, view.start, image.step, selection.axis)
    return render_picture(values, style, drawing.picture_format)


def _normalised(reader: RowReader, selection: Selection, values: Values, window: float) -> Values:
    image, view = selection.image, selection.view
    origin = (image.display_low + image.display_high) / 2

    def moments_of(block: int) -> npt.NDArray[np.float64]:
        return reader.of_block(
            image.id, view.level, block, "moments", lambda rows: block_moments(rows, origin)
        )

    first, last = window_rows(selection.depths, view, window, image.step)
    return normalised(values, window_moments(moments_of, first, last), origin)


def row_headers(services: Services, selection: Selection, tag: str, watch: Stopwatch) -> dict[str, str]:
    return range_headers(services, selection, tag) | {"Server-Timing": watch.header}


def range_headers(services: Services, selection: Selection, tag: str) -> dict[str, str]:
    return {
        "ETag": tag,
        "Cache-Control": CACHE_CONTROL,
        "X-Depth-Min": _depth(selection.depth_min),
        "X-Depth-Max": _depth(selection.depth_max),
        "X-Row-Count": str(selection.row_count),
        "X-Row-Start": str(selection.view.rows.start),
        "X-Depth-Gaps": str(depth_gaps(services, selection)),
        "X-Level": str(selection.view.level),
    }


def _depth(depth: float) -> str:
    """At most six decimals, and none that say nothing."""
    return f"{depth:.6f}".rstrip("0").rstrip(".")
