"""An array in a `.npy` file, read by rows; never as a pickle, and never more than is asked for."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from app.errors import FileError, Reason

HEAD_BYTES = 64 * 1024
"""Of a file's start: NumPy itself takes no head of more than 10,000."""

_HEADS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


@dataclass(frozen=True)
class ArrayHead:
    """What stands before an array's values, which begin at byte `offset`; its shape, dtype and order."""

    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[Any]
    offset: int

    @property
    def is_numeric(self) -> bool:
        return self.dtype.kind in "iuf" and self.dtype.itemsize <= 8

    @property
    def size(self) -> int:
        """Of the values, in bytes."""
        return math.prod(self.shape) * self.dtype.itemsize


def read_head(start: bytes, size: int, name: str) -> ArrayHead:
    """start: the first HEAD_BYTES of a file of `size` bytes. name: what it is called, for errors.

    Raises FileError (damaged) where it is none of NumPy's, or not as long as it says.
    """
    held = io.BytesIO(start)
    try:
        read = _HEADS[np.lib.format.read_magic(held)]
        shape, fortran, dtype = read(held)
    except KeyError as error:
        raise FileError(
            Reason.DAMAGED, f"{name} is an array in NumPy's format {error}, not 1.0 or 2.0."
        ) from None
    except Exception as error:  # a head is a Python expression: there is no end to what may be wrong with it
        raise FileError(
            Reason.DAMAGED, f"The head of {name} is no NumPy array's: {str(error)[:200]}"
        ) from None
    head = ArrayHead(shape, fortran, dtype, held.tell())
    if dtype.hasobject:
        raise FileError(
            Reason.UNSUPPORTED_FORMAT,
            f"{name} holds Python objects, which are not loaded: they could run code. Save numbers.",
        )
    if min(shape, default=0) < 0 or head.offset + head.size != size:
        raise FileError(
            Reason.DAMAGED,
            f"{name} should have {head.offset + head.size} bytes for an array {_shown(shape)} of {dtype}, and has"
            f" {size}: it was cut short or damaged.",
        )
    return head


def read_rows(path: Path, head: ArrayHead, first: int, count: int) -> npt.NDArray[Any]:
    """The rows `first` … along the first axis: of the array's own dtype, at most `count` of them.

    Raises FileError where the file ends before.
    """
    count = max(0, min(count, head.shape[0] - first))
    width = math.prod(head.shape[1:])
    out = np.empty((count, width), dtype=head.dtype)
    with path.open("rb") as file:
        if head.fortran:
            for column in range(width):
                out[:, column] = _read(file, head, column * head.shape[0] + first, count)
        else:
            out[:] = _read(file, head, first * width, count * width).reshape(count, width)
    return out.reshape(count, *head.shape[1:])


def _read(file: io.BufferedReader, head: ArrayHead, first: int, count: int) -> npt.NDArray[Any]:
    file.seek(head.offset + first * head.dtype.itemsize)
    content = file.read(count * head.dtype.itemsize)
    if len(content) != count * head.dtype.itemsize:
        raise FileError(Reason.DAMAGED, "The file ends before its array does.")
    return np.frombuffer(content, dtype=head.dtype)


def _shown(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape)) if shape else "of one value"
