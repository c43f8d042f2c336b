"""Which images there are, what is known of each, and deleting one."""

from __future__ import annotations

import time
from dataclasses import asdict
from functools import partial
from typing import Annotated, Any, Literal
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
from app.ingestion.metadata import Said
from app.pipeline.image_records import describe
from app.rendering.normalising import default_window
from app.rendering.view import TILE_ROWS
from app.storage.catalog.images import ImageFilter
from app.storage.catalog.tables import Image
from app.storage.overviews import level_rows

router = APIRouter(prefix="/images", tags=["images"], route_class=StrictRoute)


class ImageSummary(BaseModel):
    image_id: int = Field(examples=[1])
    name: str = Field(description="The file's name.", examples=["challenge.csv"])
    channel: str = Field(
        description="Which image of the file it is; empty where a file of its kind holds but one.",
        examples=["FMI_STAT"],
    )
    rows: int = Field(description="Depth samples.", examples=[5460])
    width: int = Field(description="Pixels of a stored row.", examples=[150])
    depth_min: float = Field(examples=[9000.1])
    depth_max: float = Field(examples=[9546.0])
    depth_unit: str | None = Field(
        description="`m` or `ft`; null where the file does not say.", examples=["m"]
    )
    step: float = Field(description="Median distance between rows.", examples=[0.1])
    created_at: str | None = Field(examples=["2026-11-24T15:47:45.123Z"])
    well: str | None = Field(examples=["P11-A-02"])
    uwi: str | None = Field(description="Unique well identifier.")
    tool: str | None = Field(examples=["FMI"])
    run: str | None = Field(examples=["2"])
    unit: str | None = Field(description="Of the pixels' values.", examples=["g/cc"])
    hole_diameter: float | None = Field(description="In the image's depth unit.", examples=[0.2159])

    @classmethod
    def of(cls, image: Image) -> ImageSummary:
        return cls(**_summary(image))


class Resampling(BaseModel):
    """What was done to the file's pixels along the row."""

    source_width: int = Field(examples=[200])
    width: int = Field(examples=[150])
    mode: Literal["none", "zoom", "wrap"] = Field(
        description="`none`: the widths are the same. `zoom`: cubic, end to end. `wrap`: cubic, around the wall."
    )

    @classmethod
    def of(cls, image: Image) -> Resampling:
        is_kept = image.source_width == image.width
        return cls(
            source_width=image.source_width,
            width=image.width,
            mode="none" if is_kept else image.settings["resize_mode"],
        )


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
    dynamic_window: float = Field(
        description="Depth that `normalize=dynamic` takes into account where no `window` is given.",
        examples=[2],
    )
    statistics: dict[str, Any] = Field(
        description="Of the stored values; `variance_ratio` is their variance over the file's. `histogram` counts "
        "them in 256 bins of equal width between `histogram_edges`, which hold the display range and all but a "
        "thousandth at each end; `histogram_below` and `histogram_above` count the rest."
    )
    other: dict[str, str] = Field(
        description="What else its file, or somebody since, says of it.", examples=[{"field": "De Ruyter"}]
    )
    resampling: Resampling
    settings: dict[str, Any] = Field(description="How the image was resampled and rounded.")
    disk: dict[str, Any] = Field(
        description="Bytes, and bytes per pixel: of the rows alone, and with their overviews."
    )

    @classmethod
    def of(cls, image: Image) -> ImageDetails:
        pixels = image.rows * image.width
        # Images stored by the first builds: their bins go from minimum to maximum, and nothing lies beyond.
        edges = [image.statistics["minimum"], image.statistics["maximum"]]
        figures = {"histogram_edges": edges, "histogram_below": 0, "histogram_above": 0} | image.statistics
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
            dynamic_window=default_window(image.depth_unit, image.step),
            statistics=figures,
            other=image.other,
            resampling=Resampling.of(image),
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
            description="Only images whose name, channel, well, UWI, tool, run, unit or other remarks hold this "
            "text, in any case.",
            examples=["challenge"],
        ),
    ] = "",
    well: Annotated[
        str | None, Query(max_length=200, description="Only images of this well, exactly.")
    ] = None,
    uwi: Annotated[
        str | None, Query(max_length=200, description="Only images with this UWI, exactly.")
    ] = None,
    tool: Annotated[
        str | None, Query(max_length=200, description="Only images of this tool, exactly.")
    ] = None,
) -> ImageList:
    """With their depth ranges, oldest first. `total` counts all images that were asked for."""
    chosen = ImageFilter(search, well, uwi, tool)
    images, total = services.place.images.page(limit + 1, after, chosen)
    next_page = None
    if len(images) > limit:
        asked = {key: value for key, value in asdict(chosen).items() if value}
        query = {"limit": limit, "after": images[limit - 1].id} | asked
        next_page = f"/images?{urlencode(query)}"
    return ImageList(images=[ImageSummary.of(image) for image in images[:limit]], total=total, next=next_page)


@router.get("/{image_id}", summary="One image with its statistics", responses=may_answer(404, 422, 503))
def image(image_id: int, services: UsesServices) -> ImageDetails:
    return ImageDetails.of(services.place.images.get(image_id))


@router.patch(
    "/{image_id}",
    summary="Say something else of an image",
    dependencies=[writing_is_allowed],
    responses=may_answer(401, 403, 404, 422, 503),
)
def change_image(image_id: int, changes: Said, services: UsesServices) -> ImageDetails:
    """What is left out stays as it is; null takes it away, also a key of `other`. No pixel changes."""
    values = changes.model_dump(exclude_unset=True)
    image = services.place.images.change(image_id, values, partial(describe, services.place))
    services.known_images.forget(image_id)
    return ImageDetails.of(image)


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
        "channel": image.channel,
        "rows": image.rows,
        "width": image.width,
        "depth_min": image.depth_min,
        "depth_max": image.depth_max,
        "depth_unit": image.depth_unit,
        "step": image.step,
        "created_at": iso(image.created_at),
        "well": image.well,
        "uwi": image.uwi,
        "tool": image.tool,
        "run": image.run,
        "unit": image.unit,
        "hole_diameter": image.hole_diameter,
    }
