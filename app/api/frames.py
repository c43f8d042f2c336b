"""The wall between two depths, as numbers or as a picture."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from fastapi import APIRouter, Depends, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from app.api.conditional import entity_tag, is_unchanged, not_modified
from app.api.frame_parameters import ColourParameters, DepthRangeParameters, SizeParameters, colormap_of
from app.api.frame_reading import Selection, Stopwatch, find_image, read, select
from app.api.pictures import HEADERS, PICTURE, PIXELS_ON_THE_LOOP, drawn, picture, row_headers
from app.api.problems import may_answer
from app.api.services import UsesServices
from app.rendering.colormaps import palette
from app.rendering.colouring import indices, rgb_rows
from app.rendering.frames_json import frames_base64, frames_json
from app.rendering.picture import Style

router = APIRouter(tags=["frames"])

_FRAMES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The rows of the range; nulls are `null`.",
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
            }
        },
    },
    304: {"description": "What you have is still right."},
}


@router.get(
    "/frames/image",
    summary="A depth range as a picture",
    response_class=Response,
    responses=PICTURE | may_answer(404, 413, 422),
)
async def frame_image(
    request: Request,
    services: UsesServices,
    asked: Annotated[DepthRangeParameters, Depends()],
    colours: Annotated[ColourParameters, Depends()],
    size: Annotated[SizeParameters, Depends()],
) -> Response:
    """One row of pixels for each depth sample, top of the well first. Both ends of the range count."""
    image = await find_image(services, asked.image_id)
    style = colours.style(image, width=size.width, height=size.height)
    selection = await select(services, image, asked, size.height)
    window = colours.dynamic_window(image, services.settings.max_rows)
    return await picture(request, services, selection, style, window)


@router.get(
    "/frames",
    summary="A depth range as numbers",
    response_class=Response,
    responses=_FRAMES | may_answer(404, 413, 422),
)
async def frames(
    request: Request,
    services: UsesServices,
    asked: Annotated[DepthRangeParameters, Depends()],
    answer_format: Annotated[
        Literal["json", "base64"],
        Query(
            alias="format", description="`json`: the pixels of every row; `base64`: a PNG of them, in JSON."
        ),
    ] = "json",
    colormap: Annotated[
        str | None,
        Query(
            description="With `json`: adds `rgb` to every row. `true`, `false` or a name.", examples=["true"]
        ),
    ] = None,
) -> Response:
    """The same rows as `/frames/image`, with their depths."""
    watch = Stopwatch()
    image = await find_image(services, asked.image_id)
    selection = await select(services, image, asked)
    colouring = colormap_of(colormap) if colormap is not None else None
    tag = entity_tag(selection, answer_format, colouring)
    if is_unchanged(request, tag):
        return not_modified(tag)
    values = await read(services, selection)
    watch.lap("read")
    if answer_format == "base64":
        body = await _as_base64(selection, values, ColourParameters(colormap or "true").style(image))
    elif values.size > PIXELS_ON_THE_LOOP:
        body = await run_in_threadpool(_as_json, selection, values, colouring)
    else:
        body = _as_json(selection, values, colouring)
    watch.lap("render")
    return Response(body, media_type="application/json", headers=row_headers(selection, tag, watch))


async def _as_base64(selection: Selection, values: npt.NDArray[np.float32], style: Style) -> bytes:
    png = await drawn(values, style)
    image = selection.image
    return frames_base64(image.id, image.depth_unit, selection.row_depths, image.width, png)


def _as_json(selection: Selection, values: npt.NDArray[np.float32], colormap: str | None) -> bytes:
    image = selection.image
    rgb = None
    if colormap is not None:
        rgb = rgb_rows(indices(values, image.display_low, image.display_high), palette(colormap))
    return frames_json(image.id, image.depth_unit, selection.row_depths, values, rgb)
