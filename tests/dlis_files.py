"""DLIS files for tests, as dliswriter writes them."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
from dliswriter import DLISFile

logging.getLogger("dliswriter").setLevel(logging.CRITICAL)  # it warns of units it does not know

STORAGE_UNIT_LABEL = 80
"""Bytes before the first logical file."""

Values = npt.NDArray[Any]


@dataclass(frozen=True)
class Frame:
    """depths: (n,), the index. channels: by name, each (n,) or (n, width)."""

    depths: Values
    channels: Mapping[str, Values]
    depth_unit: str = "m"
    depth_name: str = "TDEP"
    index_type: str | None = "BOREHOLE-DEPTH"
    units: Mapping[str, str] = field(default_factory=dict)


def write_dlis(
    path: Path,
    *logical_files: Sequence[Frame],
    parameters: Mapping[str, tuple[float, str | None]] = MappingProxyType({}),
    **origin: Any,
) -> Path:
    """A file of logical files of frames; returns `path`.

    parameters: values with their units, and origin: attributes of the origin; the same in each logical file.
    """
    parts = [_logical_file(frames, parameters, origin) for frames in logical_files]
    path.write_bytes(parts[0] + b"".join(part[STORAGE_UNIT_LABEL:] for part in parts[1:]))
    return path


def _logical_file(
    frames: Sequence[Frame], parameters: Mapping[str, tuple[float, str | None]], origin: Mapping[str, Any]
) -> bytes:
    written = DLISFile()
    file = written.add_logical_file()
    file.add_origin("ORIGIN", file_set_number=1, file_number=1, **origin)
    for name, (value, unit) in parameters.items():
        file.add_parameter(name, values={"value": [value], "units": unit})
    for number, frame in enumerate(frames):
        columns = {frame.depth_name: frame.depths} | dict(frame.channels)
        units = {frame.depth_name: frame.depth_unit} | dict(frame.units)
        channels = [
            file.add_channel(
                name, data=np.asarray(values), units=units.get(name), dataset_name=f"{number} {name}"
            )
            for name, values in columns.items()
        ]
        images = [
            channel for channel, values in zip(channels, columns.values(), strict=True) if values.ndim > 1
        ]
        if images:
            file.add_tool(f"TOOL{number}", channels=images)
        file.add_frame(f"FRAME{number}", channels=channels, index_type=frame.index_type)
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "part.dlis"
        written.write(target, output_chunk_size=2**20)
        return target.read_bytes()
