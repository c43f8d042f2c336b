"""An image cut into tiles, for a viewer that keeps them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from app.api.conditional import CACHE_CONTROL, IMMUTABLE, version_of
from app.api.frame_parameters import ColourParameters, query
from app.api.frame_reading import Selection, all_depths, check_level, find_image
from app.api.pictures import PICTURE, picture
from app.api.problems import may_answer
from app.api.quick_route import QuickRoute
from app.api.services import UsesServices
from app.errors import TileNotFound
from app.rendering.view import TILE_ROWS, View, tile_count, tile_view
from app.storage.catalog.tables import Image

router = APIRouter(prefix="/images", tags=["tiles"], route_class=QuickRoute)


@router.get(
    "/{image_id}/tiles/{level}/{index}.png",
    summary="A tile: a block of rows as a picture",
    response_class=Response,
    responses=PICTURE | may_answer(404, 422, 503),
)
async def tile(
    request: Request,
    services: UsesServices,
    image_id: int,
    level: Annotated[
        int,
        Path(
            description="0, the image itself, to the image's `levels`: a row of level k is the mean of 4^k."
        ),
    ],
    index: Annotated[int, Path(description=f"Tile i holds the level's rows from {TILE_ROWS}·i on.")],
    colours: Annotated[ColourParameters, query(ColourParameters)],
    v: Annotated[
        str | None,
        Query(
            description="The image's `version`: with it, the tile may be kept for ever without asking again.",
            examples=["5f0c1b9e77aa"],
        ),
    ] = None,
) -> Response:
    """The image's `tile_rows` rows of a level, the last tile what is left, each a line of 150 pixels.

    `GET /images/{image_id}` says how many rows each level has (`level_rows`), and
    `GET /images/{image_id}/depths` which depths they cover.
    """
    image = await find_image(services, image_id)
    view = _view(image, level, index)
    style = colours.style(image)
    selection = Selection(image, view, await all_depths(services, image))
    window = colours.dynamic_window(image, services.settings.max_rows)
    cache_control = IMMUTABLE if v == version_of(image) else CACHE_CONTROL
    return await picture(request, services, selection, style, window, cache_control)


def _view(image: Image, level: int, index: int) -> View:
    """Raises LevelNotFound, TileNotFound."""
    check_level(image, level)
    tiles = tile_count(level, image.rows)
    if not 0 <= index < tiles:
        raise TileNotFound(
            f"level {level} of image {image.id} has no tile {index}: its tiles are 0 to {tiles - 1}",
            level=level,
            index=index,
            tiles=tiles,
        )
    return tile_view(level, index, image.rows)
