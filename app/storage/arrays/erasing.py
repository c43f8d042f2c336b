"""Removing one image's fragments, and measuring them.

TileDB's own delete_fragments fails while the process has the array open, so the fragments go by their names:
everything of image 7 was written at timestamp 7, and TileDB names it `__7_7_…`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app.storage.arrays.layout import Layout


def erase(layout: Layout, image_id: int) -> None:
    """Remove every trace of an image; its commit files first, so that no fragment is ever visible in part.

    Safe to repeat, and safe while others read other images of the shard. Raises OSError where the disk refuses.
    """
    for array in layout.arrays(image_id):
        for commit in _named(array / "__commits", image_id):
            commit.unlink(missing_ok=True)
        for fragment in _named(array / "__fragments", image_id):
            shutil.rmtree(fragment, onerror=_raise_unless_gone)
    layout.description(image_id).unlink(missing_ok=True)
    layout.description_draft(image_id).unlink(missing_ok=True)
    layout.picks(image_id).unlink(missing_ok=True)


def bytes_on_disk(layout: Layout, image_id: int) -> tuple[int, int]:
    """Bytes of an image's full-resolution rows with their depths, and of its overviews."""
    sizes = {array.name: _size(array, image_id) for array in layout.arrays(image_id)}
    rows = sizes["level-0"] + sizes["depth"]
    return rows, sum(sizes.values()) - rows


def _raise_unless_gone(_function: object, _path: str, failure: tuple[Any, BaseException, Any]) -> None:
    error = failure[1]
    if not isinstance(error, FileNotFoundError):  # gone: another process erases the same image
        raise error


def _named(folder: Path, image_id: int) -> Iterator[Path]:
    return folder.glob(f"__{image_id}_{image_id}_*")


def _size(array: Path, image_id: int) -> int:
    return sum(
        (Path(folder) / name).stat().st_size
        for fragment in _named(array / "__fragments", image_id)
        for folder, _, names in os.walk(fragment)
        for name in names
    )
