"""LAS 2.0, a line for each row: the depth, and the pixels as curves `IMG[0]` to `IMG[149]`."""

from __future__ import annotations

from collections.abc import Iterable

from app.rendering.exports.table import Pieces, Table, Values
from app.rendering.exports.text import lines

USUAL_NULL = -999.25

# What `~Well` has a place of its own for; the rest of what is known goes to `~Parameter`.
WELL_ITEMS = {
    "well": ("WELL", "well"),
    "uwi": ("UWI", "unique well id"),
    "company": ("COMP", "company"),
    "field": ("FLD", "field"),
    "service_company": ("SRVC", "service company"),
    "date": ("DATE", "date"),
}


def las(table: Table, blocks: Iterable[Values]) -> Pieces:
    """STEP is 0 where depths are not even. NULL is -999.25, or a number below all where some value might be it."""
    null = _null(table)
    yield _header(table, null).encode()
    for depths, values in table.with_depths(blocks):
        yield lines(depths, values, separator=b" ", null=null.encode())


def _header(table: Table, null: str) -> str:
    first, last = float(table.depths[0]), float(table.depths[-1])
    unit = (table.depth_unit or "").upper()
    step = round(table.step, 9) if table.is_even and table.rows > 1 else 0.0
    known = [name for name in WELL_ITEMS if name in table.about]
    return "".join(
        [
            "~Version\n",
            _item("VERS", "", "2.0", "CWLS log ASCII standard, version 2.0"),
            _item("WRAP", "", "NO", "one line for each depth"),
            "~Well\n",
            _item("STRT", unit, repr(first), "first depth"),
            _item("STOP", unit, repr(last), "last depth"),
            _item("STEP", unit, repr(step), "step, 0 where it varies"),
            _item("NULL", "", null, "null value"),
            *(_item(*_split(WELL_ITEMS[name], table.about[name])) for name in known),
            "~Parameter\n",
            *(
                _item(name.upper(), "", text, name.replace("_", " "))
                for name, text in table.about.items()
                if name not in WELL_ITEMS and name != "depth_unit"
            ),
            "~Curve\n",
            _item("DEPT", unit, "", "depth"),
            *(
                _item(f"IMG[{pixel}]", "", "", f"pixel {pixel + 1} of {table.width}")
                for pixel in range(table.width)
            ),
            "~ASCII\n",
        ]
    )


def _split(place: tuple[str, str], text: str) -> tuple[str, str, str, str]:
    mnemonic, description = place
    return mnemonic, "", text, description


def _item(mnemonic: str, unit: str, text: str, description: str) -> str:
    return f"{mnemonic}.{unit} {_printable(text)} : {description}\n"


def _printable(text: str) -> str:
    """On one line, and without the colon that ends a value."""
    return " ".join(text.replace(":", " ").split())


def _null(table: Table) -> str:
    """No value of the image, as text."""
    if table.lowest is None or table.highest is None or not table.lowest <= USUAL_NULL <= table.highest:
        return str(USUAL_NULL)
    return repr(2 * table.lowest - 1)
