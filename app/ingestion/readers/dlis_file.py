"""DLIS files: each channel of several samples a row, in any frame of any logical file, is an image."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from app.errors import FileError, Reason
from app.ingestion.readers.channels import with_unique_channels
from app.ingestion.readers.csv_cells import shown
from app.ingestion.readers.depth_column import is_depth_name, normalised_unit
from app.ingestion.readers.dlis_metadata import absent_values, metadata_of
from app.ingestion.readers.dlis_source import DlisSource, FrameReader
from app.ingestion.readers.source import FoundImage
from app.ingestion.readers.width import WIDEST
from app.settings import Settings

MOST_SAMPLES = 1_000_000
"""In a row of a frame, of all channels together; a header that claims more is not believed."""

_PROJECT = Path(__file__).parents[3]


class DlisFile:
    """Raises FileError if the file is damaged, or no channel is an image."""

    def __init__(self, path: Path, settings: Settings) -> None:
        _survive(path, settings.file_seconds)
        self.images = find_images(path, settings.null_values)


def _survive(path: Path, seconds: float) -> None:
    """Have another process read the head first: some damage ends the process of dlisio, not only its reading."""
    command = [sys.executable, "-m", "app.ingestion.readers.dlis_trial", _seen_from_elsewhere(path)]
    try:
        trial = subprocess.run(command, cwd=_PROJECT, capture_output=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        raise _damaged(f"looking at its head took longer than {seconds:g} s") from None
    if trial.returncode < 0:
        raise _damaged(f"looking at its head ended the process ({signal.Signals(-trial.returncode).name})")


def _seen_from_elsewhere(path: Path) -> str:
    """An unpacked file has no name but what it is to this very process."""
    return str(path.absolute()).replace("/proc/self/", f"/proc/{os.getpid()}/")


def find_images(path: Path, null_values: Iterable[float]) -> list[FoundImage]:
    """null_values: numbers that mean null, beside those the file names.

    Raises FileError; some damage ends the process.
    """
    found: list[FoundImage] = []
    passed_over: list[str] = []
    with _damage_named():
        for logical_file in _loaded(path):
            nulls = frozenset(null_values) | absent_values(logical_file)
            for frame in logical_file.frames:
                found += _images(logical_file, frame, nulls, passed_over.append)
    if not found:
        raise FileError(
            Reason.NO_IMAGE,
            "No channel of this file is an image: several numbers a row, in a frame that goes by depth."
            + (f" {' '.join(passed_over[:5])}" if passed_over else ""),
        )
    return with_unique_channels(found)


def _loaded(path: Path) -> Sequence[Any]:
    """The logical files. Their handles close with the last of them."""
    from dlisio import common, dlis  # only where files are read

    common.set_encodings(["latin-1"])  # for what is not UTF-8
    ignored = common.Actions.SWALLOW
    loaded: Sequence[Any] = dlis.load(
        str(path), common.ErrorHandler(info=ignored, minor=ignored, major=ignored)
    )
    return loaded


@contextmanager
def _damage_named() -> Iterator[None]:
    try:
        yield
    except (FileError, MemoryError):
        raise
    except Exception as error:  # dlisio raises many kinds; each speaks of the file
        raise _damaged(" ".join(str(error).split())[:500]) from error


def _damaged(problem: str) -> FileError:
    return FileError(Reason.DAMAGED, f"This DLIS file cannot be read: {problem}.")


def _images(
    logical_file: Any, frame: Any, nulls: frozenset[float], pass_over: Callable[[str], None]
) -> Iterator[FoundImage]:
    """pass_over: told of what is none, and why."""
    channels = frame.channels
    if not channels or any(channel is None or not channel.dimension for channel in channels):
        pass_over(f"Frame {shown(frame.name)} names channels that are not there.")
        return
    rows = len(logical_file.fdata_index.get(frame.fingerprint, ()))
    images = [channel for channel in channels[1:] if _is_image(channel)]
    if not images:
        return
    samples = sum(_samples(channel) for channel in channels)
    if samples > MOST_SAMPLES:
        raise FileError(
            Reason.DAMAGED,
            f"Frame {shown(frame.name)} claims {samples} samples a row, more than {MOST_SAMPLES}.",
        )
    if not _goes_by_depth(frame):
        pass_over(f"Frame {shown(frame.name)} goes by {shown(channels[0].name)}, which is no depth.")
        return
    if not rows:
        pass_over(f"Frame {shown(frame.name)} has no rows.")
        return
    reader = FrameReader(logical_file, frame)
    for channel in images:
        metadata = metadata_of(logical_file, frame, channel, reader.depth_unit)
        yield FoundImage(channel.name, metadata, partial(DlisSource, reader, channel, nulls), rows)


def _is_image(channel: Any) -> bool:
    """Whether a row of it is one line of numbers."""
    from dlisio.dlis.utils import dtype

    lengths = [length for length in channel.dimension if length != 1]
    return len(lengths) == 1 and 2 <= lengths[0] <= WIDEST and str(dtype.get(channel.reprc, "O"))[0] in "fiu"


def _samples(channel: Any) -> int:
    samples = 1
    for length in channel.dimension:
        samples *= int(length)
    return samples


def _goes_by_depth(frame: Any) -> bool:
    index = frame.channels[0]
    if frame.index_type is None or _samples(index) != 1:
        return False
    return (
        "DEPTH" in str(frame.index_type).upper()
        or is_depth_name(index.name)
        or normalised_unit(index.units or "") is not None
    )
