"""How the rows of one CSV file are laid out: all that is needed to read any part of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

NULL_WORDS = frozenset(
    {"", "nan", "-nan", "+nan", "na", "n/a", "#n/a", "#n/a n/a", "#na", "<na>", "null", "none"}
    | {"1.#ind", "-1.#ind", "1.#qnan", "-1.#qnan"}
)
"""What a cell without a value may hold, whatever its case and the blanks around it."""

BLANKS = " \t\v\f"
"""What may stand around a cell's value. (`str.strip()` would take the no-break space too.)"""


BLANK = " "
"""The delimiter of files whose cells stand apart by any number of spaces and tabs, as Fortran writes them."""


@dataclass(frozen=True)
class CsvLayout:
    """names: of all columns as the file has them, "" for those at the end that have no name and hold nothing.

    delimiter: `,` `;` tab or BLANK. depth: where the depth stands. pixels: where the pixel columns stand, in the
    order of the image. null_values: numbers that mean null. decimal: point or comma.
    """

    delimiter: str
    names: tuple[str, ...]
    depth: int
    pixels: tuple[int, ...]
    null_values: tuple[float, ...]
    decimal: str = "."

    @cached_property
    def unnamed_from(self) -> int:
        """Where the columns begin that hold nothing; the number of columns where there are none."""
        return sum(map(bool, self.names))

    @cached_property
    def beside(self) -> frozenset[int]:
        """Where named columns stand that are neither depth nor pixels; what they hold does not matter."""
        return frozenset(range(self.unnamed_from)) - {self.depth, *self.pixels}

    @property
    def pixel_selector(self) -> slice | list[int]:
        """The pixel columns as an index: a slice, which copies nothing, where they stand in order."""
        first = self.pixels[0]
        if self.pixels == tuple(range(first, first + len(self.pixels))):
            return slice(first, first + len(self.pixels))
        return list(self.pixels)
