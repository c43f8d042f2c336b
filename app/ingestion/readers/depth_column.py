"""Which column is the depth, and in what unit: the names and units in use."""

from __future__ import annotations

import re

_UNITS = {
    "m": ("m", "metre", "metres", "meter", "meters"),
    "ft": ("ft", "f", "feet", "foot"),
    "in": ("in", "inch", "inches"),
    "0.1in": ("0.1in", ".1in", "0.1inch", ".1inch"),
    "cm": ("cm", "centimetre", "centimetres", "centimeter", "centimeters"),
    "mm": ("mm", "millimetre", "millimetres", "millimeter", "millimeters"),
}
_UNIT_OF = {spelling: unit for unit, spellings in _UNITS.items() for spelling in spellings}

_DEPTH_NAME = re.compile(r"(?:measured[ _]?depth|depth|dept|md|tdep)(?P<rest>.*)", re.IGNORECASE)


def normalised_unit(text: str) -> str | None:
    """The unit under its one name: "m" for "Metres" and "[m]", "ft" for "F"; None for what is no unit."""
    bare = text.strip().strip("()[]{}").replace(" ", "").casefold()
    return _UNIT_OF.get(bare)


def is_depth_name(name: str) -> bool:
    """Whether a column of this name holds the depth: "DEPT", "md", "Depth (m)", "DEPT.M", "depth_ft" …"""
    match = _DEPTH_NAME.fullmatch(name.strip())
    return match is not None and (not match["rest"] or _unit_after_name(match["rest"]) is not None)


def unit_in_name(name: str) -> str | None:
    """The unit that a depth column's name carries: "m" for "Depth (m)"; None where it carries none."""
    match = _DEPTH_NAME.fullmatch(name.strip())
    return _unit_after_name(match["rest"]) if match else None


def _unit_after_name(rest: str) -> str | None:
    """The unit in "_m", ".M", " (ft)", "[ft]"; None in "ft", which would make "mdm" a depth."""
    unit = rest.lstrip(" _.,:/-")
    separated = unit != rest or unit.startswith(("(", "[", "{"))
    return normalised_unit(unit) if separated else None
