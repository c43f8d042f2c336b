"""The wall between two depths, as numbers or as a picture."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app.api.answers import IMAGE_ID
from app.api.conditional import CACHE_CONTROL, IMMUTABLE, entity_tag, is_unchanged, not_modified, version_of
from app.api.frame_formats import (
    FRAMES,
    MEDIA_TYPES,
    OF_A_LIBRARY,
    OF_ROWS_ALONE,
    OFFERS,
    FrameFormat,
    frames_body,
)
from app.api.frame_parameters import ColourParameters, DepthRangeParameters, LayoutParameters, query
from app.api.frame_reading import (
    Stopwatch,
    find_image,
    limit_picture,
    read,
    select,
    select_on_depth_axis,
)
from app.api.negotiation import preferred
from app.api.pictures import PICTURE_OF_A_FORMAT, PIXELS_ON_THE_LOOP, accepted_picture, picture, row_headers
from app.api.problems import may_answer
from app.api.quick_route import QuickRoute
from app.api.services import UsesServices
from app.rendering.exports.table import Table
from app.rendering.picture import PictureFormat, Style
from app.storage.catalog.tables import Image

router = APIRouter(tags=["frames"], route_class=QuickRoute)


@router.get(
    "/frames/image",
    summary="A depth range as a picture",
    response_class=Response,
    responses=PICTURE_OF_A_FORMAT | may_answer(404, 406, 413, 422, 503),
)
async def frame_image(
    request: Request,
    services: UsesServices,
    asked: Annotated[DepthRangeParameters, query(DepthRangeParameters)],
    colours: Annotated[ColourParameters, query(ColourParameters)],
    layout: Annotated[LayoutParameters, query(LayoutParameters)],
    given_format: Annotated[
        PictureFormat | None,
        Query(
            alias="format",
            description="`png`, `webp` (lossless), or `jpeg`, in which nulls are white. Left out: what `Accept` "
            "ranks highest of `image/png`, `image/webp` and `image/jpeg`, else PNG.",
            examples=["png"],
        ),
    ] = None,
    v: Annotated[
        str | None,
        Query(description="The image's `version`, as for tiles: with it, the picture may be kept for ever."),
    ] = None,
) -> Response:
    """One row of pixels for each depth sample, top of the well first. Both ends of the range count."""
    image = await find_image(services, asked.image_id)
    if layout.axis == "depth":
        selection = await select_on_depth_axis(services, image, asked, layout.height)
    else:
        selection = await select(services, image, asked, layout.height)
    height = selection.axis.height if selection.axis else layout.height
    style = layout.laid_out(colours.style(image), height)
    window = colours.dynamic_window(image, services.settings.max_rows)
    picture_format = given_format or accepted_picture(request.headers.get("accept", ""))
    limit_picture(layout.width or image.width, height or selection.row_count, picture_format)
    cache_control = IMMUTABLE if v == version_of(image) else CACHE_CONTROL
    return await picture(
        request,
        services,
        selection,
        style,
        window,
        cache_control,
        picture_format,
        vary=None if given_format else "Accept",
    )


@router.get(
    "/frames",
    summary="A depth range as numbers",
    response_class=Response,
    responses=FRAMES | may_answer(404, 406, 413, 422, 503),
)
async def frames(
    request: Request,
    services: UsesServices,
    asked: Annotated[DepthRangeParameters, query(DepthRangeParameters)],
    given_format: Annotated[
        FrameFormat | None,
        Query(
            alias="format",
            description="`json`: every row's depth and pixels; `base64`: a PNG of them, in JSON; `csv`: columns "
            "`depth`, `p1` to `p150`; `npy`: a NumPy file of the pixels alone, float32 (rows, 150), whose depths "
            "`GET /images/{image_id}/depths?start=` tells from `X-Row-Start` on; `npz`: both; `arrow`, `parquet`, "
            "`tiff`, `las`: as `GET /images/{image_id}/export` writes them. Left out: what `Accept` ranks "
            "highest, else JSON.",
            examples=["json"],
        ),
    ] = None,
    colormap: Annotated[
        str | None,
        Query(
            description="With `json`: adds `rgb` to every row. With `base64`: the picture's colours. `true`, "
            "`false` or a name.",
            examples=["true"],
        ),
    ] = None,
) -> Response:
    """The same rows as `/frames/image`, with their depths."""
    watch = Stopwatch()
    image = await find_image(services, asked.image_id)
    selection = await select(services, image, asked)
    frame_format = given_format or preferred(request.headers.get("accept", ""), OFFERS, "json")
    style = _style(frame_format, colormap, image)
    rows_alone = frame_format in OF_ROWS_ALONE
    about = None if rows_alone else Table.of(image, selection.row_depths).about
    tag = entity_tag(selection, frame_format, style, about)
    if is_unchanged(request, tag):
        return not_modified(tag, vary="Accept")
    if rows_alone:
        request.scope[IMAGE_ID] = image.id
    values = await read(services, selection)
    watch.lap("read")
    if values.size > PIXELS_ON_THE_LOOP or frame_format in OF_A_LIBRARY:
        body = await services.heavy_work.run(frames_body, frame_format, selection, values, style)
    else:
        body = frames_body(frame_format, selection, values, style)
    watch.lap("render")
    headers = row_headers(services, selection, tag, watch) | {"Vary": "Accept"}
    return Response(body, media_type=MEDIA_TYPES[frame_format], headers=headers)


def _style(frame_format: FrameFormat, colormap: str | None, image: Image) -> Style | None:
    """Raises ColormapNotFound."""
    if colormap is None and frame_format != "base64":
        return None
    return ColourParameters("true" if colormap is None else colormap).style(image)
