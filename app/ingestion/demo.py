"""The made-up image as a file: for a first look when no well is at hand, for tests and for benchmarks."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np

from app.ingestion.synthetic_wall import synthetic_rows

DEMO_NAME = "demo.csv"
DEMO_ROWS = 12_000


def write_demo_csv(
    path: Path,
    rows: int = DEMO_ROWS,
    *,
    width: int = 200,
    seed: int = 0,
    top: float = 1500.0,
    step: float = 0.0025,
    pad_gaps: bool = True,
    decimals: Literal[0, 1, 2, 3] = 0,
    null: str = "",
) -> None:
    """Write a synthetic image as `depth_m,col1,…`; without decimals its pixels are integers 0..255."""
    # Every possible cell is written once and looked up; NULs make them equally long and are dropped at the end.
    scale = 10**decimals
    cells = np.array(
        [f",{value / scale:.{decimals}f}" for value in range(255 * scale + 1)] + [f",{null}"], dtype=bytes
    )
    with path.open("wb") as file:
        file.write(
            ",".join(["depth_m", *(f"col{column}" for column in range(1, width + 1))]).encode() + b"\n"
        )
        for depths, pixels in synthetic_rows(
            rows, width=width, seed=seed, top=top, step=step, pad_gaps=pad_gaps
        ):
            keys = np.where(np.isnan(pixels), len(cells) - 1, np.rint(pixels * scale)).astype(np.int32)
            depth_cells = np.array([repr(depth) for depth in depths.tolist()], dtype=bytes)
            lines = np.column_stack(
                [
                    depth_cells.view(np.uint8).reshape(len(depths), -1),
                    cells[keys].view(np.uint8),
                    np.full((len(depths), 1), ord("\n"), dtype=np.uint8),
                ]
            )
            file.write(lines.tobytes().translate(None, b"\0"))
