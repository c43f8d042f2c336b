"""What a reader gives: the rows of one image, chunk by chunk, in the order of the file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Chunk:
    """Consecutive rows of a file, each with a depth.

    depths: float64 (n,), no NaN. pixels: float64 (n, source width), NaN where null, in any memory order.
    lines: int64 (n,), the line of the file each row stands on, the first line being 1.
    """

    depths: npt.NDArray[np.float64]
    pixels: npt.NDArray[np.float64]
    lines: npt.NDArray[np.int64]


class Source(Protocol):
    """An opened file whose header is known to be good.

    width: number of pixel columns. depth_name: what the file calls the depth. depth_unit: "m", "ft", …, None where
    it does not say.
    dropped_rows: rows without a depth among those read so far. integers8: every pixel value read so far is an
    integer within 0..255 (nulls aside). Both speak of the latest call of `chunks`.
    """

    @property
    def width(self) -> int: ...
    @property
    def depth_name(self) -> str: ...
    @property
    def depth_unit(self) -> str | None: ...
    @property
    def dropped_rows(self) -> int: ...
    @property
    def integers8(self) -> bool: ...

    def chunks(self, rows: int = 8192) -> Iterator[Chunk]:
        """The file from its first row, in one chunk or more of 1 to `rows` rows. Raises FileError for its content,
        so also where no row has a depth.
        """
        ...
