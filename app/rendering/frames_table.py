"""The frames of a depth range as a plain table: as CSV, or as a NumPy file."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
import orjson


def frames_csv(depths: npt.NDArray[np.float64], values: npt.NDArray[np.float32]) -> bytes:
    """A line of names, `depth,p1,p2,…`, and one line per frame; nulls are empty, numbers those of `frames_json`.

    depths: float64 (n,), n ≥ 1. values: float32 (n, w), NaN where null.
    """
    names = ",".join(["depth", *(f"p{pixel}" for pixel in range(1, values.shape[1] + 1))])
    lines = [
        depth + b"," + pixels
        for depth, pixels in zip(_numbers(depths).split(b","), _numbers(values).split(b"],["), strict=True)
    ]
    return b"\n".join([names.encode(), *lines, b""])


def frames_npy(values: npt.NDArray[np.float32]) -> bytes:
    """What `numpy.load` reads as float32 (n, w), NaN where null."""
    file = io.BytesIO()
    np.save(file, np.ascontiguousarray(values, dtype="<f4"), allow_pickle=False)
    return file.getvalue()


def _numbers(array: npt.NDArray[np.float64] | npt.NDArray[np.float32]) -> bytes:
    """As JSON, without its outer brackets and its nulls."""
    text = orjson.dumps(np.ascontiguousarray(array), option=orjson.OPT_SERIALIZE_NUMPY)
    return text.strip(b"[]").replace(b"null", b"")
