"""How many pixels a row may have."""

from __future__ import annotations

from typing import Literal

from app.errors import FileError, Reason

WIDEST = 16_384
"""Pixels in a row of the finest tools, with room to spare; resampling takes memory with the square of it."""


Width = int | Literal["any"]


def check_width(found: int, expected: Width, seen: str, row: int | None = None) -> None:
    """Raises FileError (wrong_width) where so many pixels in a row are not what is expected, or no image at all.

    expected: BOREHOLE_SOURCE_WIDTH for a table, where a column more or less may be a mistake; "any" for an array.
    seen: what the file has, as a sentence's start: "The header has 7 pixel columns beside the depth".
    """
    if 2 <= found <= WIDEST and expected in (found, "any"):
        return
    if found < 2:
        wanted, hint = "at least 2", ""
    elif found > WIDEST:
        wanted, hint = f"at most {WIDEST}", ""
    else:
        wanted = str(expected)
        hint = f" BOREHOLE_SOURCE_WIDTH={found} accepts this width, BOREHOLE_SOURCE_WIDTH=any all."
    raise FileError(Reason.WRONG_WIDTH, f"{seen}, where {wanted} are expected.{hint}", row=row)
