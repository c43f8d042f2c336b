"""Which columns of a table are the image, and in what order, by their names."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from app.errors import FileError, Reason
from app.ingestion.readers.natural_order import natural_order
from app.settings import Settings

LONGEST_NAME = 200
"""Characters; a longer name is that of no numbered column."""

_NUMBERED = re.compile(
    r"(?P<before>.*?)(?P<number>(?:\A[+-])?\d+(?:\.\d+)?)(?P<after>\D*)", re.ASCII | re.DOTALL
)
_BRACKETS = {"[": "]", "(": ")", "{": "}"}


@dataclass
class _Family:
    """Columns whose names differ in their last number only: AMP[0], AMP[1] … or 0.00 us, 4.00 us …

    positions, numbers: of its columns among all, and the numbers in their names.
    """

    before: str
    after: str
    positions: list[int] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)

    @property
    def indexed(self) -> bool:
        """Whether the names are those of an array's elements: NAME[i], NAME(i) or NAME{i}."""
        return len(self.before) > 1 and _BRACKETS.get(self.before[-1]) == self.after

    def missing(self) -> int | None:
        """The first index that an array should have and this one has not."""
        indices = sorted(int(number) for number in self.numbers if number.isdigit())
        wanted = range(indices[0], indices[0] + len(indices)) if indices else range(0)
        return next((index for index, found in zip(wanted, indices, strict=True) if index != found), None)


def image_columns(names: Sequence[str], settings: Settings, row: int | None = None) -> list[int]:
    """Positions of the image's columns among `names`, those of all columns but the depth, in the image's order.

    An array's elements (NAME[i]) are the image where there is one array, else numbered columns where there is one
    sequence of them; the columns beside are not looked at. All columns are the image where none is numbered, or
    where they are as many as BOREHOLE_SOURCE_WIDTH asks for. row: of the names, for the error to tell.

    Raises FileError (wrong_width) where several could be the image, or an element is missing.
    """
    everything = list(range(len(names)))
    families = _families(names)
    arrays = [family for family in families if family.indexed]
    if not families or (not arrays and len(names) == settings.source_width):
        chosen = everything
    elif len(arrays or families) == 1:
        chosen = (arrays or families)[0].positions
        if len(chosen) != settings.source_width:
            _check_complete(names, (arrays or families)[0], row)
    else:
        raise _several(names, arrays or families, row)
    return [chosen[place] for place in natural_order([names[position] for position in chosen])]


def _families(names: Sequence[str]) -> list[_Family]:
    found: defaultdict[tuple[str, str], _Family] = defaultdict()
    for position, name in enumerate(names):
        match = _NUMBERED.fullmatch(name) if len(name) <= LONGEST_NAME else None
        if match is not None:
            key = match["before"].casefold(), match["after"].casefold()
            family = found.setdefault(key, _Family(match["before"], match["after"]))
            family.positions.append(position)
            family.numbers.append(match["number"])
    return [family for family in found.values() if len(family.positions) > 1]


def _check_complete(names: Sequence[str], family: _Family, row: int | None) -> None:
    missing = family.missing() if family.indexed else None
    if missing is not None:
        raise FileError(
            Reason.WRONG_WIDTH,
            f"The columns {_span(names, family)} lack {family.before}{missing}{family.after}: an image with a"
            " column missing would be wrong all around.",
            row=row,
        )


def _several(names: Sequence[str], families: list[_Family], row: int | None) -> FileError:
    spans = ", ".join(_span(names, family) for family in families[:4]) + (" …" if len(families) > 4 else "")
    hint = "" if families[0].indexed else f" BOREHOLE_SOURCE_WIDTH={len(names)} says that all are one."
    return FileError(
        Reason.WRONG_WIDTH,
        f"The columns could be {len(families)} images: {spans}. Leave those of one image.{hint}",
        row=row,
    )


def _span(names: Sequence[str], family: _Family) -> str:
    first, last = names[family.positions[0]], names[family.positions[-1]]
    return f"{first[:40]!r} to {last[:40]!r}"
