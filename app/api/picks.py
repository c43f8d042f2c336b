"""Picks: the sinusoids an interpreter lays on an image, with the dips they stand for."""

from __future__ import annotations

import csv
import io
import math
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.responses import JSONResponse, Response

from app.api.access import writing_is_allowed
from app.api.problems import may_answer
from app.api.routing import StrictRoute
from app.api.services import UsesServices
from app.api.times import iso
from app.storage.catalog.tables import Pick

router = APIRouter(prefix="/images/{image_id}/picks", tags=["picks"], route_class=StrictRoute)

Kind = Literal["bed", "fracture", "fault", "other"]
Name = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")
]
Depth = Annotated[float, Field(allow_inf_nan=False)]
Amplitude = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Azimuth = Annotated[float, Field(ge=0, le=360)]
Diameter = Annotated[float, Field(gt=0, allow_inf_nan=False)]

_ONE: Final[dict[str, Any]] = {
    "name": "Top Sand A",
    "kind": "bed",
    "depth": 9205.4,
    "amplitude": 0.3,
    "azimuth": 135.0,
    "hole_diameter": 0.6,
}
_CSV_COLUMNS = ("name", "kind", "depth", "dip", "dip_direction", "azimuth", "amplitude", "hole_diameter")
_FORMULA_STARTS = ("=", "+", "-", "@")


class NewPick(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": _ONE})

    name: Name = Field("", description="One line of text, at most 200 characters.")
    kind: Kind
    depth: Depth = Field(description="Of the sine's middle, in the image's depth unit.")
    amplitude: Amplitude = Field(description="Half of peak to trough, in the image's depth unit.")
    azimuth: Azimuth = Field(description="Degrees; where the sine is deepest: the direction of dip.")
    hole_diameter: Diameter = Field(description="In the image's depth unit.")


class PickChanges(BaseModel):
    """What is left out, or null, stays as it is."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"depth": 9205.5, "azimuth": 140.0}}
    )

    name: Name | None = None
    kind: Kind | None = None
    depth: Depth | None = None
    amplitude: Amplitude | None = None
    azimuth: Azimuth | None = None
    hole_diameter: Diameter | None = None


class PickView(BaseModel):
    id: int = Field(examples=[1])
    name: str = Field(examples=[_ONE["name"]])
    kind: Kind
    depth: float = Field(examples=[_ONE["depth"]])
    amplitude: float = Field(examples=[_ONE["amplitude"]])
    azimuth: float = Field(examples=[_ONE["azimuth"]])
    hole_diameter: float = Field(examples=[_ONE["hole_diameter"]])
    dip: float = Field(
        description="Degrees from a plane square to the hole: atan(2 · amplitude / hole_diameter).",
        examples=[45.0],
    )
    dip_direction: float = Field(description="The azimuth, from 0 to below 360 degrees.", examples=[135.0])
    created_at: str | None = Field(examples=["2026-11-24T15:47:45.123Z"])
    updated_at: str | None = Field(examples=["2026-11-24T15:47:45.123Z"])

    @classmethod
    def of(cls, pick: Pick) -> PickView:
        return cls.model_validate(
            {name: getattr(pick, name) for name in ("id", *NewPick.model_fields)}
            | {
                "dip": round(math.degrees(math.atan2(2 * pick.amplitude, pick.hole_diameter)), 6),
                "dip_direction": pick.azimuth % 360,
                "created_at": iso(pick.created_at),
                "updated_at": iso(pick.updated_at),
            }
        )


class PickList(BaseModel):
    picks: list[PickView]
    total: int


_LISTED: dict[int | str, dict[str, Any]] = {
    200: {
        "model": PickList,
        "content": {
            "text/csv": {
                "example": ",".join(_CSV_COLUMNS) + "\nTop Sand A,bed,9205.4,45.0,135.0,135.0,0.3,0.6\n"
            }
        },
    }
}


@router.get(
    "", summary="An image's picks", response_class=Response, responses=_LISTED | may_answer(404, 422, 503)
)
def list_picks(
    image_id: int,
    services: UsesServices,
    answer_format: Annotated[
        Literal["json", "csv"],
        Query(
            alias="format",
            description="`csv`: a table for spreadsheets, where a name that would start a formula follows an "
            "apostrophe.",
        ),
    ] = "json",
) -> Response:
    """From the top of the well down."""
    picks = [PickView.of(pick) for pick in services.picks.of_image(image_id)]
    if answer_format == "csv":
        return Response(_csv(picks), media_type="text/csv")
    return JSONResponse(PickList(picks=picks, total=len(picks)).model_dump())


@router.post(
    "",
    summary="Lay a pick on an image",
    status_code=201,
    dependencies=[writing_is_allowed],
    responses=may_answer(401, 403, 404, 422, 503),
)
def add_pick(image_id: int, pick: NewPick, services: UsesServices) -> PickView:
    """A part of the sinusoid must be on the image, between its top and its bottom."""
    return PickView.of(services.picks.add(image_id, services.now(), pick.model_dump()))


@router.patch(
    "/{pick_id}",
    summary="Change a pick",
    dependencies=[writing_is_allowed],
    responses=may_answer(401, 403, 404, 422, 503),
)
def change_pick(image_id: int, pick_id: int, changes: PickChanges, services: UsesServices) -> PickView:
    """What is left out stays as it is."""
    values = changes.model_dump(exclude_none=True)
    return PickView.of(services.picks.change(image_id, pick_id, services.now(), values))


@router.delete(
    "/{pick_id}",
    summary="Take a pick away",
    status_code=204,
    response_class=Response,
    dependencies=[writing_is_allowed],
    responses=may_answer(401, 403, 404, 422, 503),
)
def remove_pick(image_id: int, pick_id: int, services: UsesServices) -> Response:
    services.picks.remove(image_id, pick_id)
    return Response(status_code=204)


def _csv(picks: list[PickView]) -> str:
    file = io.StringIO()
    table = csv.writer(file, lineterminator="\n")
    table.writerow(_CSV_COLUMNS)
    for pick in picks:
        name, *others = (getattr(pick, column) for column in _CSV_COLUMNS)
        table.writerow([_defused(name), *others])
    return file.getvalue()


def _defused(text: str) -> str:
    """A spreadsheet runs a cell that begins like a formula, whoever wrote it: an apostrophe makes it text."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
