"""What a file says of its image in lines or entries of `key: value`."""

from __future__ import annotations

import re
from collections.abc import Iterable

from app.ingestion.readers.depth_column import normalised_unit
from app.ingestion.readers.lengths import converted
from app.ingestion.readers.source import Metadata

_KEYS = {
    "well": ("well", "well name", "wellname", "wellbore", "wellbore name", "borehole", "borehole name"),
    "uwi": ("uwi", "api", "uwi/api", "unique well id", "unique well identifier", "api number"),
    "tool": ("tool", "tool name", "tool type"),
    "run": ("run", "run number", "run no"),
    "unit": ("unit", "units", "value unit", "value units", "pixel unit"),
    "hole_diameter": ("hole diameter", "borehole diameter", "bit size", "bitsize"),
}
_MEANT_BY = {spelling: key for key, spellings in _KEYS.items() for spelling in spellings}
_INCH_SIGNS = ('"', "″", "''")

_PAIR = re.compile(r"(?P<key>[^\W\d_][^:=]{0,99}?)\s*[:=](?!//)\s*(?P<text>.*\S)\s*")
_LENGTH = re.compile(r"(?P<number>\d{1,20}(?:\.\d{0,20})?)\s*(?P<unit>.{0,20})", re.ASCII)


def pairs_in(lines: Iterable[str]) -> list[tuple[str, str]]:
    """The key and the text of lines such as "well: P11-A-02" or "tool = FMI"; other lines say nothing to keep."""
    matches = (_PAIR.fullmatch(line.rstrip(" ,;\t")) for line in lines)
    return [(match["key"].strip(), match["text"]) for match in matches if match is not None]


def depth_unit_in(pairs: Iterable[tuple[str, str]]) -> str | None:
    """The unit under its one name, where a pair says it: "depth unit: FEET"."""
    said = (normalised_unit(text) for key, text in pairs if _plain(key) == "depth unit")
    return next(filter(None, said), None)


def described(pairs: Iterable[tuple[str, str]], depth_unit: str | None, unit: str | None) -> Metadata:
    """The pairs as metadata: what has a place of its own in its place, the first that says it, the rest in `other`.

    depth_unit: of the image, for its hole's diameter. unit: of the pixels, which wins over what a pair says.
    """
    known: dict[str, str] = {}
    diameter = None
    other: dict[str, str] = {}
    for key, text in pairs:
        if _plain(key) == "depth unit":
            continue
        place = _MEANT_BY.get(_plain(key))
        if place == "hole_diameter" and diameter is None:
            diameter = _length_in(depth_unit, text)
            if diameter is None:
                other.setdefault(key, text)
        elif place is not None and place != "hole_diameter" and place not in known:
            known[place] = text
        else:
            other.setdefault(key, text)
    if unit is not None:
        known["unit"] = unit
    return Metadata(**known, hole_diameter=diameter, other=other)


def _plain(key: str) -> str:
    return " ".join(re.split(r"[ _.-]+", key.casefold()))


def _length_in(wanted: str | None, text: str) -> float | None:
    """The length that the text tells, in the wanted unit, which is also that of a bare number; None if unknown."""
    match = _LENGTH.fullmatch(text.strip())
    if match is None or float(match["number"]) == 0:
        return None
    said = match["unit"].strip()
    if not said:
        return float(match["number"])
    return converted(float(match["number"]), "in" if said in _INCH_SIGNS else said, wanted)
