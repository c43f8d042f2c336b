"""What the values of a depth range are like, however long it is."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from app.api.answers import IMAGE_ID
from app.api.conditional import CACHE_CONTROL, entity_tag, is_unchanged, not_modified
from app.api.frame_reading import Selection, all_depths, find_image
from app.api.problems import may_answer
from app.api.routing import StrictRoute
from app.api.services import Services, UsesServices
from app.ingestion.statistics import percentiles
from app.ingestion.value_statistics import ValueStatistics
from app.rendering.depth_range import RowRange, select_rows
from app.rendering.view import View

router = APIRouter(prefix="/images", tags=["images"], route_class=StrictRoute)

PIECE_ROWS = 8192
CLIENT_GONE = 499
"""As nginx logs a client that did not wait for its answer."""


class RangeStatistics(BaseModel):
    image_id: int = Field(examples=[1])
    depth_min: float = Field(description="Depth of the first row.", examples=[9201.9])
    depth_max: float = Field(description="Depth of the last row.", examples=[9210.3])
    depth_unit: str | None = Field(examples=["m"])
    rows: int = Field(examples=[85])
    value_count: int = Field(description="Pixels that are not null.", examples=[12750])
    null_count: int = Field(examples=[0])
    null_fraction: float = Field(examples=[0.0])
    minimum: float | None = Field(description="Null, as the next three, where all is null.", examples=[12.5])
    maximum: float | None = Field(examples=[231.0])
    mean: float | None = Field(examples=[103.2])
    standard_deviation: float | None = Field(description="Of the population.", examples=[31.4])
    percentiles: dict[str, float] = Field(
        description="The 1st, 5th, 10th, 25th, 50th, 75th, 90th, 95th and 99th, within 0.2 % of their values.",
        examples=[{"1": 20.1, "50": 101.0, "99": 220.7}],
    )


_STATISTICS: dict[int | str, dict[str, Any]] = {
    200: {"model": RangeStatistics},
    304: {"description": "What you have is still right."},
}


@router.get(
    "/{image_id}/statistics",
    summary="Statistics of a depth range",
    response_class=Response,
    responses=_STATISTICS | may_answer(404, 422, 503),
)
async def range_statistics(
    request: Request,
    services: UsesServices,
    image_id: int,
    depth_min: Annotated[
        float | None,
        Query(description="Top of the range; left out: the image's top.", examples=[9201.9]),
    ] = None,
    depth_max: Annotated[
        float | None,
        Query(description="Bottom of the range, inclusive; left out: the image's bottom.", examples=[9210.3]),
    ] = None,
) -> Response:
    """Of every stored value between two depths, both ends included. A range may be of any length."""
    image = await find_image(services, image_id)
    depths = await all_depths(services, image)
    rows = select_rows(depths, depth_min, depth_max, image.step)
    selection = Selection(image, View(0, rows.start, rows.stop, rows), depths)
    tag = entity_tag(selection, "statistics")
    if is_unchanged(request, tag):
        return not_modified(tag)
    values = await _statistics(request, services, image.id, rows)
    if values is None:
        return Response(status_code=CLIENT_GONE)
    found = await run_in_threadpool(percentiles, values.distribution())
    answer = RangeStatistics(
        image_id=image.id,
        depth_min=selection.depth_min,
        depth_max=selection.depth_max,
        depth_unit=image.depth_unit,
        rows=values.rows,
        value_count=values.moments.count,
        null_count=values.null_count,
        null_fraction=values.null_fraction,
        minimum=values.minimum,
        maximum=values.maximum,
        mean=values.mean,
        standard_deviation=values.standard_deviation,
        percentiles=found,
    )
    request.scope[IMAGE_ID] = image.id
    headers = {"ETag": tag, "Cache-Control": CACHE_CONTROL}
    return Response(answer.model_dump_json(), media_type="application/json", headers=headers)


async def _statistics(
    request: Request, services: Services, image_id: int, rows: RowRange
) -> ValueStatistics | None:
    """None where the client did not wait. In bounded memory, and in pieces, between which others get their turn."""
    values = ValueStatistics()

    def add(start: int, stop: int) -> None:
        values.add(services.reader.rows_once(image_id, 0, start, stop))

    for start in range(rows.start, rows.stop, PIECE_ROWS):
        if start > rows.start and await request.is_disconnected():
            return None
        stop = min(start + PIECE_ROWS, rows.stop)
        await services.heavy_work.run(add, start, stop)
    return values
