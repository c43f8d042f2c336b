"""Columns of numbers, and of lists of numbers, from Arrow's memory into NumPy's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from app.ingestion.readers.array_source import Float64, as_float64

# Loaded where a file is read: the server itself can do without.
if TYPE_CHECKING:
    from arro3.core import Array, DataType
    from nanoarrow.c_array import CArrayView

FIXED = "fixed_size_list"


def is_number(kind: DataType) -> bool:
    from arro3.core import DataType

    return DataType.is_integer(kind) or DataType.is_floating(kind)


def is_list(kind: DataType) -> bool:
    """Of numbers, whatever says how long each is."""
    from arro3.core import DataType

    lists = (DataType.is_list, DataType.is_large_list, DataType.is_fixed_size_list)
    return (
        any(is_such(kind) for is_such in lists) and kind.value_type is not None and is_number(kind.value_type)
    )


def floats(numbers: Array) -> Float64:
    """(n,), NaN where null."""
    view = _view(numbers)
    return _floats(view, view.offset, view.offset + view.length)


def lengths(lists: Array) -> Float64:
    """Of each list (n,), NaN where there is none."""
    view = _view(lists)
    starts = _starts(view)
    return np.where(_present(view, view.offset, view.offset + view.length), np.diff(starts), np.nan)


def unlisted(lists: Array, width: int) -> Float64:
    """(n, width), NaN where null; every list that is there must have as many numbers."""
    view = _view(lists)
    present = _present(view, view.offset, view.offset + view.length)
    child, starts = view.child(0), _starts(view)
    numbers = _floats(child, child.offset + starts[0], child.offset + starts[-1]).reshape(-1, width)
    pixels = np.full((view.length, width), np.nan)
    # only where all have one length does a list that is not there take up room
    pixels[present] = numbers[present] if view.storage_type == FIXED else numbers
    return pixels


def _view(array: Array) -> CArrayView:
    from nanoarrow import c_array

    return c_array(array).view()


def _floats(view: CArrayView, start: int, stop: int) -> Float64:
    numbers = as_float64(np.asarray(view.buffer(1))[start:stop])
    if not view.null_count:
        return numbers
    return np.where(_present(view, start, stop), numbers, np.nan)


def _present(view: CArrayView, start: int, stop: int) -> npt.NDArray[np.bool_]:
    """Whether there is a value, from `start` to `stop` in the view's buffers."""
    if not view.null_count:
        return np.ones(stop - start, dtype=bool)
    bits = np.unpackbits(np.asarray(view.buffer(0)), count=stop, bitorder="little")
    return bits[start:].astype(bool)


def _starts(view: CArrayView) -> npt.NDArray[np.int64]:
    """Where each list begins among its child's numbers, and where the last one ends: (n + 1,)."""
    places = slice(view.offset, view.offset + view.length + 1)
    if view.storage_type == FIXED:
        length: int = view.layout.child_size_elements
        return length * np.arange(places.start, places.stop, dtype=np.int64)
    starts: npt.NDArray[np.int64] = np.asarray(view.buffer(1))[places].astype(np.int64)
    return starts
