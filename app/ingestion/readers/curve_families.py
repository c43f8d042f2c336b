"""Which curves of a log are the sectors of one image: numbered ones, as ABDC1M … ABDC16M or AWBK[0] … AWBK[63]."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

FEWEST_SECTORS = 4

_NUMBERED = re.compile(r"(?P<before>.*?\D)(?P<number>\d{1,6})(?P<after>\D*)", re.ASCII)
_TRAILING = " _-.:[({"


@dataclass(frozen=True)
class CurveFamily:
    """name: what its curves have in common. positions: of the curves in the file, in the order of their numbers."""

    name: str
    unit: str
    positions: tuple[int, ...]


def find_families(names: Sequence[str], units: Sequence[str]) -> list[CurveFamily]:
    """In the order of their first curves; each name is unique.

    A family is FEWEST_SECTORS curves or more of one unit, numbered without a gap from 0 or 1. (AT10, AT20, AT30 …
    are depths of investigation, not sectors.)
    """
    groups: dict[tuple[str, str, str], dict[int, int]] = {}
    for position, (name, unit) in enumerate(zip(names, units, strict=True)):
        match = _NUMBERED.fullmatch(name.strip())
        if match is None:
            continue
        members = groups.setdefault((match["before"], match["after"], unit), {})
        members.setdefault(int(match["number"]), position)
    found = []
    taken: set[str] = set()
    for (before, after, unit), members in groups.items():
        numbers = sorted(members)
        if len(numbers) < FEWEST_SECTORS or numbers[0] > 1 or numbers[-1] - numbers[0] + 1 != len(numbers):
            continue
        name = _unused(before.rstrip(_TRAILING) or before.strip(), after.strip("])} "), taken)
        found.append(CurveFamily(name, unit, tuple(members[number] for number in numbers)))
    return found


def _unused(name: str, after: str, taken: set[str]) -> str:
    """The name, with what follows the numbers where several families begin alike."""
    candidate, number = name, 2
    while candidate in taken:
        candidate = f"{name}_{after}" if after and f"{name}_{after}" not in taken else f"{name}_{number}"
        number += 1
    taken.add(candidate)
    return candidate
