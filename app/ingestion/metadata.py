"""What may be said of an image beside its pixels: the bounds of it, from whatever source it comes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.ingestion.readers import Metadata

LONGEST_TEXT = 200
LONGEST_REMARK = 2000
MOST_REMARKS = 100

_PRINTABLE = r"^[^\x00-\x1f\x7f]*$"

Text = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_TEXT, pattern=_PRINTABLE)
]
Remark = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=LONGEST_REMARK, pattern=r"^[^\x00]*$")
]
Diameter = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Said(BaseModel):
    """What somebody says of an image; null says nothing."""

    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True)

    well: Text | None = Field(default=None, examples=["P11-A-02"])
    uwi: Text | None = Field(default=None, description="Unique well identifier.")
    tool: Text | None = Field(default=None, examples=["FMI"])
    run: Text | None = Field(default=None, examples=["2"])
    unit: Text | None = Field(default=None, description="Of the pixels' values.", examples=["g/cc"])
    hole_diameter: Diameter | None = Field(
        default=None, description="In the image's depth unit.", examples=[0.2159]
    )
    other: Annotated[dict[Text, Remark | None], Field(max_length=MOST_REMARKS)] = Field(
        default_factory=dict,
        description="Whatever else is worth keeping, by name.",
        examples=[{"field": "De Ruyter"}],
    )


def overridden(found: Metadata, said: Said) -> Metadata:
    """What the file says, where nobody says otherwise."""
    given = said.model_dump(exclude_none=True, exclude={"other"})
    other = {key: text for key, text in (dict(found.other) | said.other).items() if text is not None}
    return replace(found, **given, other=other)


def within_bounds(found: Metadata) -> Metadata:
    """What a file's header says, cut to what is kept: a long text never keeps an image from being stored."""
    texts = {
        name: _cut(getattr(found, name), LONGEST_TEXT) for name in ("well", "uwi", "tool", "run", "unit")
    }
    diameter = found.hole_diameter if found.hole_diameter and 0 < found.hole_diameter < float("inf") else None
    other = _bounded(found.other)
    return Metadata(**texts, hole_diameter=diameter, other=other)


def _bounded(remarks: Mapping[str, str]) -> dict[str, str]:
    kept: dict[str, str] = {}
    for key, remark in remarks.items():
        name, text = _cut(key, LONGEST_TEXT), _cut(remark, LONGEST_REMARK)
        if name and text and len(kept) < MOST_REMARKS:
            kept[name] = text
    return kept


def _cut(text: str | None, length: int) -> str | None:
    """One line of printable text; None where nothing is left."""
    if text is None:
        return None
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(printable.split())[:length].strip() or None
