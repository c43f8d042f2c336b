"""Tables to write, and what other programs read out of the files."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

import fastparquet
import lasio
import nanoarrow
import numpy as np
import tifffile
from nanoarrow.ipc import InputStream

from app.rendering.exports.formats import FILE_FORMATS
from app.rendering.exports.table import Table

Read = tuple[Any, Any, dict[str, str]]
"""depths float64 (n,), values float32 (n, width), what is said of the image; None and {} where there is no room."""


def table_of(depths: Any, values: Any, **changes: Any) -> Table:
    about = {"image_id": "7", "name": "Årø 2: run 1.csv", "depth_unit": "m"}
    finite = values[np.isfinite(values)]
    extent = (float(finite.min()), float(finite.max())) if len(finite) else (None, None)
    given = {"depth_unit": "m", "step": 0.1, "lowest": extent[0], "highest": extent[1], "about": about}
    return Table(**{"depths": depths, "width": values.shape[1], **given, **changes})


def image(rows: int, width: int = 5) -> tuple[Any, Any]:
    """depths float64 (rows,), values float32 (rows, width): of every size, some NaN."""
    numbers = np.random.default_rng(rows)
    values = (numbers.normal(0, 1, (rows, width)) * 10.0 ** numbers.integers(-30, 30, (rows, width))).astype(
        "f4"
    )
    values[numbers.random((rows, width)) < 0.1] = np.nan
    values[rows // 2] = np.nan
    return np.round(9000.1 + 0.1 * np.arange(rows), 1), values


def written(name: str, table: Table, values: Any, block: int = 100) -> bytes:
    blocks = (values[start : start + block] for start in range(0, len(values), block))
    return b"".join(FILE_FORMATS[name].write(table, blocks))


def _csv(data: bytes) -> Read:
    cells = [line.split(",") for line in data.decode().splitlines()[1:]]
    numbers = np.array([[float(cell or "nan") for cell in line] for line in cells])
    return numbers[:, 0], numbers[:, 1:].astype("f4"), {}


def _npy(data: bytes) -> Read:
    return None, np.load(io.BytesIO(data), allow_pickle=False), {}


def _npz(data: bytes) -> Read:
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        return archive["depth"], archive["pixels"], json.loads(str(archive["about"]))


def _arrow(data: bytes) -> Read:
    with nanoarrow.ArrayStream(InputStream.from_readable(data)) as stream:
        schema = stream.schema
        batches = [
            [list(column.iter_py()) for column in batch.iter_children()] for batch in stream.iter_chunks()
        ]
    columns = [list(chain.from_iterable(parts)) for parts in zip(*batches, strict=True)]
    values = [[np.nan if value is None else value for value in column] for column in columns[1:]]
    about = {name.decode(): text.decode() for name, text in schema.metadata.items()}
    return np.array(columns[0]), np.array(values, "f4").T, about


def _parquet(data: bytes) -> Read:
    file = fastparquet.ParquetFile(io.BytesIO(data))
    frame = file.to_pandas()
    about = {name: text for name, text in file.key_value_metadata.items() if name != "ARROW:schema"}
    return frame["depth"].to_numpy(), frame.drop(columns="depth").to_numpy("f4"), about


def _tiff(data: bytes) -> Read:
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        page = file.pages[0]
        depths = np.atleast_1d(np.array(page.tags[65000].value, dtype="f8"))
        assert np.isnan(page.nodata)
        return depths, page.asarray().reshape(len(depths), -1), json.loads(page.description)


def _las(data: bytes) -> Read:
    file = lasio.read(io.StringIO(data.decode()), engine="normal")
    values = np.column_stack([file[f"IMG[{pixel}]"] for pixel in range(len(file.curves) - 1)])
    about = {item.mnemonic.lower(): str(item.value) for item in file.params}
    return file.index, values.astype("f4"), about | {"depth_unit": file.curves["DEPT"].unit.lower()}


READERS: dict[str, Callable[[bytes], Read]] = {
    "csv": _csv,
    "npy": _npy,
    "npz": _npz,
    "arrow": _arrow,
    "parquet": _parquet,
    "tiff": _tiff,
    "las": _las,
}


def blocks_of(values: Any, times: int) -> Iterator[Any]:
    for _ in range(times):
        yield values
