"""The depths of rows, so that a viewer can put tiles where they belong."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app.api.conditional import CACHE_CONTROL, IMMUTABLE, entity_tag, is_unchanged, not_modified, version_of
from app.api.frame_reading import Selection, all_depths, check_level, find_image
from app.api.problems import may_answer
from app.api.routing import StrictRoute
from app.api.services import UsesServices
from app.errors import InvalidParameter
from app.rendering.row_extents import gap_limit, row_extents
from app.rendering.view import view_of
from app.storage.overviews import level_rows

router = APIRouter(prefix="/images", tags=["tiles"], route_class=StrictRoute)

MAX_DEPTHS = 20_000

_DEPTHS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "`top[i]` and `bottom[i]` are those of the level's row `start + i`.",
        "content": {
            "application/json": {
                "example": {
                    "image_id": 1,
                    "level": 1,
                    "start": 0,
                    "count": 3,
                    "step": 0.1,
                    "gap": 0.3001,
                    "top": [9000.1, 9000.5, 9026.6],
                    "bottom": [9000.4, 9000.6, 9026.9],
                    "continued": [{"row": 1, "top": 9026.4, "bottom": 9026.5}],
                }
            }
        },
    },
    304: {"description": "What you have is still right."},
}


@router.get(
    "/{image_id}/depths",
    summary="The depths that rows cover",
    response_class=Response,
    responses=_DEPTHS | may_answer(404, 422, 503),
)
async def depths(
    request: Request,
    services: UsesServices,
    image_id: int,
    level: Annotated[int, Query(description="Overview level; 0 is the image itself.")] = 0,
    start: Annotated[int, Query(ge=0, description="The first row of the level.")] = 0,
    count: Annotated[
        int, Query(ge=1, le=MAX_DEPTHS, description="Rows; what goes beyond the last is cut off.")
    ] = MAX_DEPTHS,
    v: Annotated[
        str | None,
        Query(description="The image's `version`, as for tiles: with it, the answer may be kept for ever."),
    ] = None,
) -> Response:
    """A row covers its image rows' first to last depth, `top` to `bottom`; at level 0 they are the same.

    Rows further apart than `gap`, three times the median `step`, have a gap between them: nothing was logged
    there. No row reaches over a gap. One that holds rows of both its sides ends where the gap begins, and
    `continued` lists the stretches below it: `row` (of the level), `top` and `bottom`.

    To draw: a row's colour goes from half a step above `top` to half a step below `bottom`, or half way to its
    neighbour where that is no further away than `gap`; all else is left empty.
    """
    image = await find_image(services, image_id)
    check_level(image, level)
    rows = level_rows(image.rows, level)
    if start >= rows:
        raise InvalidParameter(
            f"start={start} is beyond level {level}, which has {rows} rows: 0 to {rows - 1}",
            parameter="start",
            level_rows=rows,
        )
    view = view_of(level, start, min(start + count, rows), image.rows)
    selection = Selection(image, view, await all_depths(services, image))
    tag = entity_tag(selection, "depths")
    cache_control = IMMUTABLE if v == version_of(image) else CACHE_CONTROL
    if is_unchanged(request, tag):
        return not_modified(tag, cache_control)
    body = await services.heavy_work.run(_body, selection)
    return Response(
        body, media_type="application/json", headers={"ETag": tag, "Cache-Control": cache_control}
    )


def _body(selection: Selection) -> bytes:
    image, view = selection.image, selection.view
    extents = row_extents(selection.depths, view, image.step)
    continued = zip(
        extents.continued_row.tolist(),
        extents.continued_top.tolist(),
        extents.continued_bottom.tolist(),
        strict=True,
    )
    return orjson.dumps(
        {
            "image_id": image.id,
            "level": view.level,
            "start": view.start,
            "count": view.stop - view.start,
            "step": image.step,
            "gap": gap_limit(image.step),
            "top": extents.top,
            "bottom": extents.bottom,
            "continued": [{"row": row, "top": top, "bottom": bottom} for row, top, bottom in continued],
        },
        option=orjson.OPT_SERIALIZE_NUMPY,
    )
