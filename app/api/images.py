"""Which images there are, what is known of each, and deleting one."""

from __future__ import annotations

import time
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from app.api.access import writing_is_allowed
from app.api.conditional import version_of
from app.api.problems import may_answer
from app.api.routing import StrictRoute
from app.api.services import UsesServices
from app.api.times import iso
from app.rendering.view import TILE_ROWS
from app.storage.catalog.tables import Image
from app.storage.overviews import level_rows

router = APIRouter(prefix="/images", tags=["images"], route_class=StrictRoute)


class ImageSummary(BaseModel):
    image_id: int = Field(examples=[1])
    name: str = Field(description="The file's name.", examples=["challenge.csv"])
    rows: int = Field(description="Depth samples.", examples=[5460])
    width: int = Field(description="Pixels of a stored row.", examples=[150])
    depth_min: float = Field(examples=[9000.1])
    depth_max: float = Field(examples=[9546.0])
    depth_unit: str | None = Field(
        description="`m` or `ft`; null where the file does not say.", examples=["m"]
    )
    step: float = Field(description="Median distance between rows.", examples=[0.1])
    created_at: str | None = Field(examples=["2026-11-24T15:47:45.123Z"])

    @classmethod
    def of(cls, image: Image) -> ImageSummary:
        return cls(**_summary(image))


class ImageDetails(ImageSummary):
    sha256: str = Field(description="Of the file as it came.")
    source_bytes: int
    source_width: int = Field(description="Pixel columns of the file.", examples=[200])
    dropped_rows: int = Field(description="Rows of the file that had no depth.", examples=[1])
    descending: bool = Field(description="Whether the file's depths went upwards.")
    levels: int = Field(
        description="Overview levels above the image; level k has a row for 4^k.", examples=[2]
    )
    level_rows: list[int] = Field(
        description="Rows of every level, the image itself first.", examples=[[5460, 1365, 342]]
    )
    tile_rows: int = Field(
        description="Rows of a level in one tile; a level's last tile has what is left.", examples=[TILE_ROWS]
    )
    version: str = Field(
        description="Changes when the same address would give another picture; tiles asked for with it as `v=` "
        "may be kept for ever.",
        examples=["5f0c1b9e77aa"],
    )
    display_range: list[float] = Field(
        description="Values at the colormap's ends.", min_length=2, max_length=2, examples=[[0, 255]]
    )
    statistics: dict[str, Any] = Field(
        description="Of the stored values; `variance_ratio` is their variance over the file's. `histogram` counts "
        "them in 256 bins of equal width between `histogram_edges`."
    )
    settings: dict[str, Any] = Field(description="How the image was resampled and rounded.")
    disk: dict[str, Any] = Field(
        description="Bytes, and bytes per pixel: of the rows alone, and with their overviews."
    )

    @classmethod
    def of(cls, image: Image) -> ImageDetails:
        pixels, figures = image.rows * image.width, image.statistics
        return cls(
            **_summary(image),
            sha256=image.sha256,
            source_bytes=image.source_bytes,
            source_width=image.source_width,
            dropped_rows=image.dropped_rows,
            descending=image.descending,
            levels=image.levels,
            level_rows=[level_rows(image.rows, level) for level in range(image.levels + 1)],
            tile_rows=TILE_ROWS,
            version=version_of(image),
            display_range=[image.display_low, image.display_high],
            statistics=figures | {"histogram_edges": [figures["minimum"], figures["maximum"]]},
            settings=image.settings,
            disk={
                "row_bytes": image.row_bytes,
                "overview_bytes": image.overview_bytes,
                "bytes_per_pixel": round(image.row_bytes / pixels, 3),
                "bytes_per_pixel_with_overviews": round((image.row_bytes + image.overview_bytes) / pixels, 3),
            },
        )


class ImageList(BaseModel):
    images: list[ImageSummary]
    total: int
    next: str | None = Field(description="Where the next page is; null on the last.")


@router.get("", summary="All images", responses=may_answer(422, 503))
def list_images(
    services: UsesServices,
    limit: Annotated[int, Query(ge=1, le=1000, description="Images on a page.")] = 100,
    after: Annotated[
        int, Query(ge=0, le=2**31, description="Only images with a greater id: what `next` uses.")
    ] = 0,
    search: Annotated[
        str,
        Query(
            max_length=200,
            description="Only images whose name holds this text, in any case.",
            examples=["challenge"],
        ),
    ] = "",
) -> ImageList:
    """With their depth ranges, oldest first. `total` counts the images that `search` lets through."""
    images, total = services.place.images.page(limit + 1, after, search)
    next_page = None
    if len(images) > limit:
        query = {"limit": limit, "after": images[limit - 1].id} | ({"search": search} if search else {})
        next_page = f"/images?{urlencode(query)}"
    return ImageList(images=[ImageSummary.of(image) for image in images[:limit]], total=total, next=next_page)


@router.get("/{image_id}", summary="One image with its statistics", responses=may_answer(404, 422, 503))
def image(image_id: int, services: UsesServices) -> ImageDetails:
    return ImageDetails.of(services.place.images.get(image_id))


@router.delete(
    "/{image_id}",
    summary="Delete an image",
    status_code=204,
    response_class=Response,
    dependencies=[writing_is_allowed],
    responses=may_answer(401, 403, 404, 422, 503),
)
def delete_image(image_id: int, services: UsesServices) -> Response:
    """Its id is never used again; the same file may be ingested anew."""
    services.place.images.delete(image_id, time.time())
    services.known_images.forget(image_id)
    return Response(status_code=204)


def _summary(image: Image) -> dict[str, Any]:
    return {
        "image_id": image.id,
        "name": image.name,
        "rows": image.rows,
        "width": image.width,
        "depth_min": image.depth_min,
        "depth_max": image.depth_max,
        "depth_unit": image.depth_unit,
        "step": image.step,
        "created_at": iso(image.created_at),
    }
