"""The colormaps: their names, and each as numbers or as a legend."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

from app.api.frame_parameters import colormap_of
from app.api.problems import may_answer
from app.api.routing import StrictRoute
from app.rendering.colormaps import DEFAULT, colormap_names, legend_png, palette
from app.rendering.colouring import NULL_INDEX

router = APIRouter(prefix="/colormaps", tags=["colormaps"], route_class=StrictRoute)

_CACHE = {"Cache-Control": "public, max-age=3600"}


class Colormap(BaseModel):
    name: str


class ColormapList(BaseModel):
    colormaps: list[Colormap]
    default: str


@router.get("", summary="Names of the colormaps")
async def list_colormaps() -> ColormapList:
    """Each can be given as `colormap=` wherever frames are asked for."""
    return ColormapList(colormaps=[Colormap(name=name) for name in colormap_names()], default=DEFAULT)


_LEGEND: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The colours from low to high.",
        "content": {
            "application/json": {"example": {"name": "grey", "colors": [[0, 0, 0]]}},
            "image/png": {},
        },
    }
}


@router.get(
    "/{name}",
    summary="One colormap",
    response_class=Response,
    responses=_LEGEND | may_answer(404, 422),
)
def colormap(
    name: str,
    answer_format: Annotated[
        Literal["json", "png"], Query(alias="format", description="`png`: a legend, low values left.")
    ] = "json",
    width: Annotated[int, Query(ge=1, le=4096)] = 256,
    height: Annotated[int, Query(ge=1, le=1024)] = 16,
) -> Response:
    """`json`: 255 colours, low to high."""
    known = colormap_of(name)
    if answer_format == "png":
        return Response(legend_png(known, width, height), media_type="image/png", headers=_CACHE)
    return JSONResponse({"name": known, "colors": palette(known)[:NULL_INDEX, :3].tolist()}, headers=_CACHE)
