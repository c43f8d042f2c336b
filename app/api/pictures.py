"""Rows as a picture: what ranges and tiles have in common."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from fastapi import Request
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from app.api.answers import IMAGE_ID
from app.api.conditional import CACHE_CONTROL, entity_tag, is_unchanged, not_modified
from app.api.frame_reading import Selection, Stopwatch, depth_gaps, read
from app.api.services import Services
from app.rendering.normalising import (
    block_moments,
    normalised,
    on_window_scale,
    window_moments,
    window_rows,
)
from app.rendering.picture import Style, render_png
from app.storage.arrays.reading import RowReader

PIXELS_ON_THE_LOOP = 80_000
"""A picture of more pixels, one more than a tile, is drawn in a thread, so that others need not wait for it."""

HEADERS = {
    name: {"schema": {"type": "string"}, "description": text}
    for name, text in {
        "ETag": "Send it back as If-None-Match: 304 if nothing changed.",
        "X-Depth-Min": "Depth of the first row shown.",
        "X-Depth-Max": "Depth of the last row shown.",
        "X-Row-Count": "Rows of the image in this range.",
        "X-Row-Start": "Number of the first of them; the image's first row is 0.",
        "X-Depth-Gaps": "Gaps in depth among them, which a picture does not show: steps over 3 times the median.",
        "X-Level": "Overview level they were read from; 0 is the image itself.",
        "Server-Timing": "Milliseconds for reading, and for drawing and encoding.",
    }.items()
}
PICTURE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/png": {}}, "description": "A PNG; nulls are transparent.", "headers": HEADERS},
    304: {"description": "What you have is still right."},
}


async def picture(
    request: Request,
    services: Services,
    selection: Selection,
    style: Style,
    window: float | None,
    cache_control: str = CACHE_CONTROL,
) -> Response:
    """window: that of dynamic normalisation, in depth; None for static. Raises StorageUnavailable."""
    watch = Stopwatch()
    tag = entity_tag(selection, "png", style, window)
    if is_unchanged(request, tag):
        return not_modified(tag, cache_control)
    request.scope[IMAGE_ID] = selection.image.id
    keeping = None
    if _is_dear(selection, style) or window is not None:
        png, is_new = await run_in_threadpool(_kept_or_drawn, services, selection, style, window, tag, watch)
        if is_new and _is_dear(selection, style):
            keeping = BackgroundTask(services.kept_pictures.put, tag, png)
    else:
        values = await read(services, selection)
        watch.lap("read")
        png = render_png(values, style)
    watch.lap("render")
    headers = row_headers(services, selection, tag, watch) | {"Cache-Control": cache_control}
    return Response(png, media_type="image/png", headers=headers, background=keeping)


def _kept_or_drawn(
    services: Services, selection: Selection, style: Style, window: float | None, tag: str, watch: Stopwatch
) -> tuple[bytes, bool]:
    """The picture, and whether it had to be drawn."""
    kept = services.kept_pictures.get(tag)
    if kept is not None:
        return kept, False
    if window is not None:
        return _drawn_dynamic(services.reader, selection, style, window, watch), True
    view = selection.view
    values = services.reader.rows(selection.image.id, view.level, view.start, view.stop)
    watch.lap("read")
    return render_png(values, style), True


def _is_dear(selection: Selection, style: Style) -> bool:
    """Whether drawing takes so long that it is done in a thread, and its result kept."""
    view, width = selection.view, style.width or selection.image.width
    return max(view.stop - view.start, style.height or 0) * width > PIXELS_ON_THE_LOOP


def _drawn_dynamic(
    reader: RowReader, selection: Selection, style: Style, window: float, watch: Stopwatch
) -> bytes:
    image, view = selection.image, selection.view
    origin = (image.display_low + image.display_high) / 2

    def moments_of(block: int) -> npt.NDArray[np.float64]:
        return reader.of_block(
            image.id, view.level, block, "moments", lambda rows: block_moments(rows, origin)
        )

    values = reader.rows(image.id, view.level, view.start, view.stop)
    first, last = window_rows(selection.depths, view, window, image.step)
    moments = window_moments(moments_of, first, last)
    watch.lap("read")
    style = on_window_scale(style, image.display_low, image.display_high)
    return render_png(normalised(values, moments, origin), style)


def row_headers(services: Services, selection: Selection, tag: str, watch: Stopwatch) -> dict[str, str]:
    return {
        "ETag": tag,
        "Cache-Control": CACHE_CONTROL,
        "X-Depth-Min": _depth(selection.depth_min),
        "X-Depth-Max": _depth(selection.depth_max),
        "X-Row-Count": str(selection.row_count),
        "X-Row-Start": str(selection.view.rows.start),
        "X-Depth-Gaps": str(depth_gaps(services, selection)),
        "X-Level": str(selection.view.level),
        "Server-Timing": watch.header,
    }


def _depth(depth: float) -> str:
    """At most six decimals, and none that say nothing."""
    return f"{depth:.6f}".rstrip("0").rstrip(".")
