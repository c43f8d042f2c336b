"""Pixel columns in the order people mean: col10 after col9, and 112.5 after 22.5."""

from __future__ import annotations

import re
from collections.abc import Sequence

_DIGITS = re.compile(r"(\d+)", re.ASCII)
_NUMBER = re.compile(r"(?P<number>[+-]?\d{1,300}(?:\.\d*)?)(?P<unit>\D*)", re.ASCII)


def natural_order(names: Sequence[str]) -> list[int]:
    """The positions of `names`, sorted; names that are all numbers, of one unit if any, sort by value."""
    numbers = [match for name in names if (match := _NUMBER.fullmatch(name))]
    if len(numbers) == len(names) and len({match["unit"] for match in numbers}) == 1:
        return sorted(range(len(names)), key=lambda position: float(numbers[position]["number"]))
    return sorted(range(len(names)), key=lambda position: _natural_key(names[position]))


def _natural_key(name: str) -> list[tuple[int, str]]:
    """Text and runs of digits in turn. A run sorts by length, then as text: no number is too long for that."""
    key = []
    for place, part in enumerate(_DIGITS.split(name.casefold())):
        digits = part.lstrip("0") if place % 2 else part
        key.append((len(digits) if place % 2 else 0, digits))
    return key
