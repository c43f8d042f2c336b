"""Files and images for tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from app.ingestion.demo import synthetic_rows

Float64 = npt.NDArray[np.float64]


def image_rows(
    rows: int, width: int = 200, seed: int = 0, *, pad_gaps: bool = False
) -> tuple[Float64, Float64]:
    """Depths (rows,) and pixels (rows, width) of a synthetic image; with pad_gaps some pixels are NaN."""
    chunks = list(synthetic_rows(rows, width=width, seed=seed, pad_gaps=pad_gaps))
    depths, pixels = zip(*chunks, strict=True)
    return np.concatenate(depths), np.concatenate(pixels)


def write_csv(
    path: Path,
    depths: Float64,
    pixels: Float64,
    *,
    delimiter: str = ",",
    header: Sequence[str] | None = None,
    units_row: Sequence[str] | None = None,
    null: str = "",
    line_end: str = "\n",
    bom: bool = False,
) -> Path:
    """Write depths (n,) and pixels (n, width) as text that reads back to the same float64; returns `path`.

    header: the column names, `depth,col1,col2,…` if None. null: the text of NaN.
    """
    lines = [header or ["depth", *(f"col{column}" for column in range(1, pixels.shape[1] + 1))]]
    if units_row is not None:
        lines.append(units_row)
    rows = np.column_stack([depths, pixels]).tolist()
    lines.extend([_cell(value, null) for value in row] for row in rows)
    text = "".join(delimiter.join(line) + line_end for line in lines)
    path.write_bytes(text.encode("utf-8-sig" if bom else "utf-8"))
    return path


def _cell(value: float, null: str) -> str:
    if np.isnan(value):
        return null
    return str(int(value)) if value.is_integer() else repr(value)
