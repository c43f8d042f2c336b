"""From the tool's pixels per row to the stored 150, nulls included.

A cubic zoom along the row is linear and treats every row alike, so zooming the identity once gives a matrix,
and one matrix product per chunk does what `scipy.ndimage.zoom` does row by row.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

__all__ = ["Resampler"]

Float64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]
Int64 = npt.NDArray[np.int64]
Band = tuple[slice, slice, npt.NDArray[Any]]
"""Source pixels, output pixels, and the part of the matrix that leads from those to these."""

# Every product has this many rows: BLAS picks its kernel by shape, and with one shape a row has the same bits
# in whatever chunk it arrives.
BLOCK_ROWS = 512

# Pixels of output in a strip of the matrix, and what is too small in it to change a float64 sum of others.
BAND_WIDTH = 50
NEGLIGIBLE = 1e-16

# Coverage is summed in float32; this is above its rounding and below any real difference (1 / 2S).
HALF = 0.5 + 1e-5


class Resampler:
    """Resamples rows of `source_width` pixels to `width` pixels.

    mode "zoom": `scipy.ndimage.zoom(row, width / source_width, order=3)`; the first and the last pixel keep
    their places. mode "wrap": the same with `grid_mode=True, mode="grid-wrap"`; the row is a closed ring.

    matrix: float64 (source_width, width); a row without nulls becomes `row @ matrix`.
    Raises ValueError for a width below 2.
    """

    def __init__(self, source_width: int, width: int = 150, mode: Literal["zoom", "wrap"] = "zoom") -> None:
        if min(source_width, width) < 2:
            raise ValueError(f"cannot resample {source_width} pixels to {width}: both must be at least 2")
        self.source_width = source_width
        self.width = width
        self.mode = mode
        self.matrix = _zoom_matrix(source_width, width, mode)
        self._bands = _bands(self.matrix)
        self._coverage_bands = _bands(_coverage(source_width, width, mode))

    def __call__(self, pixels: Float64) -> Float64:
        """pixels: float64 (n, source_width), NaN where null -> float64 (n, width), NaN where null.

        A gap is filled linearly along the row (nearest value at the row's ends, across the seam in wrap mode)
        before the product; an output pixel is null where nulls exceed half of the width it covers.
        """
        resampled = np.empty((len(pixels), self.width))
        for start in range(0, len(pixels), BLOCK_ROWS):
            block = pixels[start : start + BLOCK_ROWS]
            out = resampled[start : start + BLOCK_ROWS]
            null = np.isnan(block)
            has_nulls = bool(null.any())
            if len(block) < BLOCK_ROWS:
                padded = np.zeros((BLOCK_ROWS, self.source_width))
                padded[: len(block)] = block
                if has_nulls:
                    _fill_gaps(padded[: len(block)], null, self.mode)
                out[:] = _product(padded, self._bands, np.empty((BLOCK_ROWS, self.width)))[: len(block)]
            elif has_nulls:
                filled = block.copy()
                _fill_gaps(filled, null, self.mode)
                _product(filled, self._bands, out)
            else:
                _product(block, self._bands, out)
            if has_nulls:
                covered = np.empty(out.shape, dtype=np.float32)
                out[_product(null.astype(np.float32), self._coverage_bands, covered) > HALF] = np.nan
        return resampled


def _bands(matrix: npt.NDArray[Any]) -> list[Band]:
    """The matrix cut into strips of output pixels, each with the source pixels that make a difference to them.

    A cubic spline's reach decays by a factor of 3.7 a pixel: beyond some thirty there is nothing left to add.
    """
    bands = []
    for first in range(0, matrix.shape[1], BAND_WIDTH):
        strip = slice(first, first + BAND_WIDTH)
        sources = np.flatnonzero(np.abs(matrix[:, strip]).max(axis=1) > NEGLIGIBLE)
        reach = slice(int(sources[0]), int(sources[-1]) + 1)
        bands.append((reach, strip, np.ascontiguousarray(matrix[reach, strip])))
    return bands


def _product(rows: npt.NDArray[Any], bands: list[Band], out: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """rows (n, source_width) @ the matrix the bands were cut from, into out (n, width)."""
    for reach, strip, part in bands:
        np.matmul(rows[:, reach], part, out=out[:, strip])
    return out


def _zoom_matrix(source_width: int, width: int, mode: str) -> Float64:
    """float64 (source_width, width): the zoomed identity."""
    if source_width == width:
        return np.eye(width)
    from scipy import ndimage

    factors = (1, width / source_width)
    if mode == "wrap":
        return ndimage.zoom(np.eye(source_width), factors, order=3, mode="grid-wrap", grid_mode=True)
    # "mirror" has the bits of zoom's default "constant", except that there the last sample of one width in
    # twenty (162 for example) falls a rounding error outside the row and becomes 0.
    return ndimage.zoom(np.eye(source_width), factors, order=3, mode="mirror")


def _coverage(source_width: int, width: int, mode: str) -> npt.NDArray[np.float32]:
    """float32 (source_width, width): each source pixel's share of what an output pixel covers; columns sum to 1.

    Source pixel i is the interval i ± 1/2. The output pixels lie side by side: their half width is half of
    their distance, and what hangs over the row's ends is cut off.
    """
    pitch = source_width / width if mode == "wrap" else (source_width - 1) / (width - 1)
    centres = np.arange(width) * pitch + (pitch / 2 - 0.5 if mode == "wrap" else 0.0)
    low = np.maximum(centres - pitch / 2, -0.5)
    high = np.minimum(centres + pitch / 2, source_width - 0.5)
    source = np.arange(source_width)[:, np.newaxis]
    overlap = np.minimum(high, source + 0.5) - np.maximum(low, source - 0.5)
    share: Float64 = np.maximum(overlap, 0.0) / (high - low)
    return share.astype(np.float32)


def _fill_gaps(pixels: Float64, null: Bool, mode: str) -> None:
    """Fill the nulls of `pixels` (n, source_width) in place, by runs of nulls; all-null rows become 0."""
    empty: Bool = np.all(null, axis=1)
    if empty.any():
        pixels[empty] = 0.0
        null = null & ~empty[:, np.newaxis]
    width = pixels.shape[1]
    row, start, length = _runs(null)
    if mode == "wrap":
        before, total = _across_seam(row, start, length, pixels.shape)
        left_column = (start - before - 1) % width
        right_column = (start - before + total) % width
    else:
        before, total = np.zeros_like(length), length
        left_column = np.where(start > 0, start - 1, start + length)
        right_column = np.where(start + length < width, start + length, start - 1)
    left = pixels[row, left_column]
    slope = (pixels[row, right_column] - left) / (total + 1)
    place = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length)
    pixels[null] = np.repeat(left + slope * (before + 1), length) + np.repeat(slope, length) * place


def _runs(null: Bool) -> tuple[Int64, Int64, Int64]:
    """Row, first column and length of every run of nulls, in reading order."""
    rows, width = null.shape
    # A False before each row and one at the very end: no run reaches into the next row, every run ends.
    separated = np.zeros(rows * (width + 1) + 1, dtype=np.bool_)
    separated[:-1].reshape(rows, width + 1)[:, 1:] = null
    changes = np.flatnonzero(separated[1:] != separated[:-1])
    row, start = np.divmod(changes[0::2], width + 1)
    return row, start, changes[1::2] - changes[0::2]


def _across_seam(row: Int64, start: Int64, length: Int64, shape: tuple[int, ...]) -> tuple[Int64, Int64]:
    """How many nulls of its gap lie before each run, beyond the seam, and how many the gap has in all."""
    rows, width = shape
    first, last = start == 0, start + length == width
    head, tail = np.zeros(rows, dtype=np.int64), np.zeros(rows, dtype=np.int64)
    head[row[first]] = length[first]
    tail[row[last]] = length[last]
    before = np.where(first, tail[row], 0)
    return before, before + length + np.where(last, head[row], 0)
