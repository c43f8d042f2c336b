"""Rows as lines of numbers, each in the fewest digits that give it back: those of the JSON answers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import orjson

from app.rendering.exports.table import Depths, Values


def lines(depths: Depths, values: Values, *, separator: bytes, null: bytes) -> bytes:
    """depths: float64 (n,), n ≥ 1; values: float32 (n, width), NaN where null. Every line ends with a newline."""
    rows = zip(_numbers(depths).split(b","), _numbers(values).split(b"],["), strict=True)
    text = b"".join(b"%b,%b\n" % row for row in rows).replace(b"null", null)
    return text if separator == b"," else text.replace(b",", separator)


def _numbers(array: npt.NDArray[np.float64] | npt.NDArray[np.float32]) -> bytes:
    """As JSON, without its outer brackets."""
    return orjson.dumps(np.ascontiguousarray(array), option=orjson.OPT_SERIALIZE_NUMPY).strip(b"[]")
