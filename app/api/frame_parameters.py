"""The query parameters that frames share, parsed once."""

from __future__ import annotations

import inspect
import math
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, TypeVar

from fastapi import Depends, Query

from app.errors import InvalidParameter
from app.rendering.colormaps import DEFAULT, GREY, canonical_name
from app.rendering.normalising import default_window
from app.rendering.picture import Style
from app.storage.catalog.tables import Image

MAX_PICTURE_SIDE = 8192

Parameters = TypeVar("Parameters")


DepthMin = Annotated[
    float | None,
    Query(
        description="Top of the range, in the image's depth unit; left out: the image's top.",
        examples=[9201.9],
    ),
]
DepthMax = Annotated[
    float | None,
    Query(description="Bottom of the range, inclusive; left out: the image's bottom.", examples=[9210.3]),
]


@dataclass(frozen=True)
class DepthRangeParameters:
    image_id: Annotated[int, Query(description="As listed by `GET /images`.", examples=[1])]
    depth_min: DepthMin = None
    depth_max: DepthMax = None


@dataclass(frozen=True)
class ColourParameters:
    colormap: Annotated[
        str,
        Query(
            description="`true`: blue to red; `false`: grey; or a name of `GET /colormaps`.",
            examples=["true", "false", "YlOrBr"],
        ),
    ] = "true"
    rescale: Annotated[
        str | None,
        Query(
            description="`low,high`: the values at the colormap's ends; left out: the image's display range.",
            examples=["0,255"],
        ),
    ] = None
    invert: Annotated[bool, Query(description="Turn the colormap around.")] = False
    normalize: Annotated[
        Literal["static", "dynamic"],
        Query(
            description="`static`: a value has the same colour everywhere. `dynamic`: each row is stretched by the "
            "values around it, their mean ± 2 standard deviations to the colormap's ends, so that faint beds show; "
            "`rescale` then moves the ends as if that were the image's display range."
        ),
    ] = "static"
    window: Annotated[
        float | None,
        Query(
            gt=0,
            allow_inf_nan=False,
            description="With `dynamic`: how much depth around each row counts, half above and half below, in the "
            "image's unit. Left out: 2 m or 6 ft, and at least 20 rows. At an overview level it is at least 8 "
            "rows of that level.",
            examples=[2],
        ),
    ] = None

    def style(self, image: Image) -> Style:
        """Raises InvalidParameter, ColormapNotFound."""
        low, high = _value_range(self.rescale) if self.rescale else (image.display_low, image.display_high)
        return Style(colormap_of(self.colormap), low, high, self.invert)

    def dynamic_window(self, image: Image, max_rows: int) -> float | None:
        """Length in depth; None where the colours are static. Raises InvalidParameter beyond `max_rows` rows."""
        if self.normalize == "static":
            return None
        longest = max_rows * image.step or math.inf
        if self.window is None:
            return min(default_window(image.depth_unit, image.step), longest)
        if self.window > longest:
            raise InvalidParameter(
                f"window={self.window:g} is longer than {max_rows} rows of this image; give at most {longest:.12g}",
                parameter="window",
                longest=longest,
            )
        return self.window


@dataclass(frozen=True)
class LayoutParameters:
    width: Annotated[
        int | None,
        Query(
            ge=1, le=MAX_PICTURE_SIDE, description="Pixels across; left out: 150, one for each stored pixel."
        ),
    ] = None
    height: Annotated[
        int | None,
        Query(
            ge=1,
            le=MAX_PICTURE_SIDE,
            description="Rows of the picture; long ranges are drawn from overviews. Left out: one for each row; "
            f"with `axis=depth` one for each median step, {MAX_PICTURE_SIDE} at most.",
        ),
    ] = None
    axis: Annotated[
        Literal["row", "depth"],
        Query(
            description="`row`: a line of the picture is a row of the image, gaps in depth do not show. `depth`: "
            "each line is an equal slice of depth between `depth_min` and `depth_max`, null where no row lies: in "
            "gaps, steps over 3 times the median, and beyond the image's ends."
        ),
    ] = "row"
    azimuth_offset: Annotated[
        float,
        Query(
            ge=-360,
            le=360,
            allow_inf_nan=False,
            description="Degrees; the azimuth at the picture's left edge, to the nearest stored pixel.",
            examples=[90],
        ),
    ] = 0.0

    def laid_out(self, style: Style, height: int | None) -> Style:
        """The style of a picture of this layout. height: of the picture; None for one line a row."""
        if self.width is None and height is None and not self.azimuth_offset:
            return style
        return replace(style, width=self.width, height=height, azimuth_offset=self.azimuth_offset % 360)


def query(parameters: type[Parameters]) -> Any:
    """The dependency that makes `parameters` of a request's query, on the event loop."""

    async def made(**given: Any) -> Parameters:
        return parameters(**given)

    made.__signature__ = inspect.signature(parameters, eval_str=True)  # type: ignore[attr-defined]
    return Depends(made)


def colormap_of(parameter: str) -> str:
    """The colormap that `true`, `false` or a name asks for. Raises ColormapNotFound."""
    return {"true": DEFAULT, "false": GREY}.get(parameter.lower()) or canonical_name(parameter)


def _value_range(text: str) -> tuple[float, float]:
    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError:
        low = high = math.nan
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise InvalidParameter(
            f"rescale={text!r} is not a value range; give two numbers as rescale=low,high, the lower first, "
            "such as 0,255",
            parameter="rescale",
        )
    return low, high
