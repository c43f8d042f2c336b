"""What a reader gives: the images that a file holds, each as chunks of rows in the order of the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Chunk:
    """Consecutive rows of a file, each with a depth.

    depths: float64 (n,), no NaN. pixels: float64 (n, source width), NaN where null, in any memory order.
    lines: int64 (n,), where in the file each row stands, the first being 1: lines of text, or rows of what is none.
    """

    depths: npt.NDArray[np.float64]
    pixels: npt.NDArray[np.float64]
    lines: npt.NDArray[np.int64]


class Source(Protocol):
    """The rows of one image, in an opened file whose header is known to be good.

    width: number of pixel columns. depth_name: what the file calls the depth. depth_unit: "m", "ft", …, None where
    it does not say. row_word: what `Chunk.lines` counts, as messages name it.
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
    def row_word(self) -> Literal["line", "row"]: ...
    @property
    def dropped_rows(self) -> int: ...
    @property
    def integers8(self) -> bool: ...

    def chunks(self, rows: int = 8192) -> Iterator[Chunk]:
        """The file from its first row, in one chunk or more of 1 to `rows` rows. Raises FileError for its content,
        so also where no row has a depth.
        """
        ...


@dataclass(frozen=True)
class Metadata:
    """What a file says of an image beside its pixels; None where it says nothing.

    unit: of the pixels' values. hole_diameter: in the image's depth unit. other: whatever else is worth keeping.
    """

    well: str | None = None
    uwi: str | None = None
    tool: str | None = None
    run: str | None = None
    unit: str | None = None
    hole_diameter: float | None = None
    other: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class FoundImage:
    """An image of a file.

    channel: its key, unique in the file; "" in a format that holds a single image.
    open: gives its rows from the first; may be called again. Raises FileError.
    rows: about how many it has, where that is known without reading them.
    """

    channel: str
    metadata: Metadata
    open: Callable[[], Source]
    rows: int | None = None


class ImageFile(Protocol):
    """A file whose head is known to be good. images: one or more, in the order of the file."""

    @property
    def images(self) -> Sequence[FoundImage]: ...
