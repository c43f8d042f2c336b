"""Files and images for tests."""

from __future__ import annotations

import io
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from PIL import Image as Picture

from app.ingestion.synthetic_wall import synthetic_rows
from app.pipeline.claiming import take
from app.pipeline.job import run_job
from app.pipeline.workplace import Workplace
from app.settings import Settings
from app.storage.catalog.tables import Job

T = TypeVar("T")
Float64 = npt.NDArray[np.float64]


def settings_in(folder: Path, **changes: Any) -> Settings:
    """Settings whose data/, db/ and logs/ lie in `folder`, whatever the environment and `.env` say."""
    values: dict[str, Any] = {
        "data_dir": folder / "data",
        "db_dir": folder / "db",
        "log_dir": folder / "logs",
        "stable_seconds": 0.05,
        "ingest_workers": 1,
    }
    return Settings(_env_file=None, **values | changes)


def ingest(place: Workplace, file: Path) -> Job:
    """What the pipeline does with a file dropped into the data folder, here and now; the job as it ended.

    A file from elsewhere is moved there first.
    """
    place.folders.ensure()
    dropped = place.folders.data / file.name
    if file != dropped:
        file.rename(dropped)
    taken = take(place, dropped.name, "test", 60.0)
    assert taken is not None
    run_job(place, *taken)
    return place.jobs.get(taken[0].id)


def free_port() -> int:
    """A port of this machine's loopback that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def eventually(condition: Callable[[], T], what: str, seconds: float = 20.0) -> T:
    """Wait actively until `condition` is truthy, and return what it returned."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.01)
    return found


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


def tiny_csv(path: Path, first: float = 1.0, rows: int = 3, width: int = 200) -> Path:
    """A file of a few rows, the sooner read; another `first` depth is another content. Returns `path`."""
    depths = first + 0.1 * np.arange(rows)
    return write_csv(
        path, np.round(depths, 1), np.arange(rows * width, dtype=float).reshape(rows, width) % 256
    )


def _cell(value: float, null: str) -> str:
    if np.isnan(value):
        return null
    return str(int(value)) if value.is_integer() else repr(value)


def rgba(png: bytes) -> npt.NDArray[np.uint8]:
    """A PNG as Pillow decodes it: uint8 (height, width, 4)."""
    return np.asarray(Picture.open(io.BytesIO(png)).convert("RGBA"))


def write_las(
    path: Path,
    depths: Float64,
    curves: Mapping[str, Float64],
    *,
    depth: str = "DEPT.M",
    version: str = "2.0",
    null: float = -999.25,
    well: str = "Test 1",
    parameters: str = "",
    wrapped: bool = False,
) -> Path:
    """Write a LAS file of curves by "NAME.UNIT", each float64 (n,), NaN where null; returns `path`."""
    head = (
        f"~Version\n VERS. {version} : version\n WRAP. {'YES' if wrapped else 'NO'} : wrapping\n"
        f"~Well\n STRT.M {depths[0]} :\n STOP.M {depths[-1]} :\n STEP.M 0 :\n NULL. {null} :\n"
        f" WELL. {well} : well\n"
        f"~Parameter\n{parameters}~Curve\n"
    )
    names = "".join(f" {name} : {number} a curve\n" for number, name in enumerate([depth, *curves], start=1))
    table = np.column_stack([depths, *curves.values()])
    rows = [[_cell(value, f"{null:g}") for value in row] for row in table.tolist()]
    if wrapped:
        lines = [line for first, *rest in rows for line in (first, *_lines_of(rest, 5))]
    else:
        lines = ["  ".join(row) for row in rows]
    path.write_text(head + names + "~ASCII\n" + "".join(f" {line}\n" for line in lines))
    return path


def sectors(name: str, pixels: Float64, *, first: int = 1, unit: str = "g/cc") -> dict[str, Float64]:
    """The curves of an image (n, width): NAME1M.UNIT, NAME2M.UNIT …"""
    return {f"{name}{first + column}M.{unit}": values for column, values in enumerate(pixels.T)}


def _lines_of(cells: Sequence[str], count: int) -> list[str]:
    return [" ".join(cells[start : start + count]) for start in range(0, len(cells), count)]
