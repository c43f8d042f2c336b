"""LAS 2.0, a line for each row: the depth, and the pixels as curves `IMG[0]` to `IMG[149]`."""

from __future__ import annotations

import re
from collections.abc import Iterable

from app.rendering.exports.table import Pieces, Table, Values
from app.rendering.exports.text import lines

USUAL_NULL = -999.25

# What `~Well` has a place of its own for; the rest of what is known goes to `~Parameter`.
WELL_ITEMS = {
    "well": "WELL",
    "uwi": "UWI",
    "company": "COMP",
    "service_company": "SRVC",
    "field": "FLD",
    "location": "LOC",
    "date": "DATE",
    "country": "CTRY",
    "province": "PROV",
    "state": "STAT",
    "county": "CNTY",
}
ELSEWHERE = {"depth_unit", "unit", "hole_diameter"}


def las(table: Table, blocks: Iterable[Values]) -> Pieces:
    """STEP is 0 where depths are not even. NULL is -999.25, or a number below all where some value might be it."""
    null = _null(table)
    yield _header(table, null).encode()
    for depths, values in table.with_depths(blocks):
        yield lines(depths, values, separator=b" ", null=null.encode())


def _header(table: Table, null: str) -> str:
    unit = _unit(table.depth_unit).upper()
    step = round(table.step, 9) if table.is_even and table.rows > 1 else 0.0
    value_unit = _unit(table.about.get("unit"))
    well = [
        _item("STRT", unit, repr(float(table.depths[0])), "first depth"),
        _item("STOP", unit, repr(float(table.depths[-1])), "last depth"),
        _item("STEP", unit, repr(step), "step, 0 where it varies"),
        _item("NULL", "", null, "null value"),
    ]
    parameters = []
    if "hole_diameter" in table.about:
        parameters.append(_item("BS", unit, table.about["hole_diameter"], "hole diameter"))
    for name, text in table.about.items():
        if name in WELL_ITEMS:
            well.append(_item(WELL_ITEMS[name], "", text, _words(name)))
        elif name not in ELSEWHERE:
            parameters.append(_item(re.sub(r"\W", "_", name).upper(), "", text, _words(name)))
    pixels = [
        _item(f"IMG[{pixel}]", value_unit, "", f"pixel {pixel + 1} of {table.width}")
        for pixel in range(table.width)
    ]
    version = [
        _item("VERS", "", "2.0", "CWLS log ASCII standard, version 2.0"),
        _item("WRAP", "", "NO", "one line for each depth"),
    ]
    sections = {
        "~Version": version,
        "~Well": well,
        "~Parameter": parameters,
        "~Curve": [_item("DEPT", unit, "", "depth"), *pixels],
        "~ASCII": [],
    }
    return "".join(f"{title}\n" + "".join(items) for title, items in sections.items())


def _item(mnemonic: str, unit: str, text: str, description: str) -> str:
    return f"{mnemonic}.{unit} {_printable(text)} : {description}\n"


def _words(name: str) -> str:
    return _printable(name.replace("_", " "))


def _unit(text: str | None) -> str:
    """Without the blanks that end one."""
    return _printable(text or "").replace(" ", "")


def _printable(text: str) -> str:
    """On one line, and without the colon that ends a value."""
    return " ".join(text.replace(":", " ").split())


def _null(table: Table) -> str:
    """No value of the image, as text."""
    if table.lowest is None or table.highest is None or not table.lowest <= USUAL_NULL <= table.highest:
        return str(USUAL_NULL)
    return repr(2 * table.lowest - 1)
