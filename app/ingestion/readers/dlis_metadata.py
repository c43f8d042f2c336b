"""What a DLIS file says of a channel beside its samples."""

from __future__ import annotations

from typing import Any

from app.ingestion.readers.lengths import converted
from app.ingestion.readers.source import Metadata

_REMARKS = {
    "company": "company",
    "field_name": "field",
    "producer_name": "service_company",
    "creation_time": "date",
    "product": "product",
    "descent_nr": "descent",
}
_ABSENT = frozenset({"ABSENTVALUE", "ABSENT", "NULLVALUE", "NULL"})


def metadata_of(logical_file: Any, frame: Any, channel: Any, depth_unit: str | None) -> Metadata:
    """depth_unit: in which the hole's diameter is wanted."""
    origins = logical_file.origins
    origin = next((each for each in origins if each.origin == channel.origin), next(iter(origins), None))
    said_unit = frame.channels[0].units
    remarks = {name: _text(getattr(origin, key, None)) for key, name in _REMARKS.items()}
    remarks |= {
        "description": _text(_description(channel)),
        "frame": _text(frame.name),
        "depth_unit_of_file": _text(said_unit),
    }
    return Metadata(
        well=_text(getattr(origin, "well_name", None)),
        uwi=_text(getattr(origin, "well_id", None)),
        tool=_tool(logical_file, channel),
        run=_text(getattr(origin, "run_nr", None)),
        unit=_text(channel.units),
        hole_diameter=_bit_size(logical_file, depth_unit),
        other={name: text for name, text in remarks.items() if text},
    )


def absent_values(logical_file: Any) -> frozenset[float]:
    """Numbers that a parameter of the logical file says to mean null."""
    found = set()
    for parameter in logical_file.parameters:
        if parameter.name.upper().replace("-", "").replace("_", "") in _ABSENT:
            found.update(_numbers(parameter.values))
    return frozenset(found)


def _tool(logical_file: Any, channel: Any) -> str | None:
    for tool in logical_file.tools:
        if any(each is not None and each.fingerprint == channel.fingerprint for each in tool.channels):
            return _text(tool.name)
    return None


def _bit_size(logical_file: Any, depth_unit: str | None) -> float | None:
    for parameter in logical_file.parameters:
        if parameter.name.upper() != "BS":
            continue
        said = set(parameter.attic.keys())
        unit = parameter.attic["VALUES"].units if "VALUES" in said else None
        for number in _numbers(parameter.values):
            return converted(number, unit, depth_unit)
    return None


def _numbers(values: Any) -> list[float]:
    return [float(value) for value in _flat(values) if isinstance(value, int | float)]


def _flat(values: Any) -> list[Any]:
    """dlisio gives lists, or numpy arrays of the shape that the file states."""
    return list(values.ravel().tolist()) if hasattr(values, "ravel") else list(values)


def _description(channel: Any) -> Any:
    """A text, or an object that is made of several."""
    name = channel.long_name
    return name if isinstance(name, str) or name is None else getattr(name, "quantity", None)


def _text(value: Any) -> str | None:
    """A list, or an array, is joined; None where nothing is said."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list):
        value = ", ".join(str(each) for each in value)
    return str(value).strip() or None if value is not None else None
