"""What lies in the store, found by its name: the catalog may know of it or not."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from app.storage.arrays.layout import IMAGES_PER_SHARD, Layout

FRAGMENT = re.compile(r"__(\d+)_\1_")
OF_FRAGMENTS = frozenset({"__fragments", "__commits"})
BESIDE = re.compile(r"(\d+)(?:\.picks)?\.json$")


def shards(layout: Layout) -> list[Path]:
    """The shards there are, the lowest first."""
    return sorted(layout.root.glob("shard-*")) if layout.root.is_dir() else []


def image_ids(layout: Layout) -> set[int]:
    """Every image of which anything lies there, a single fragment even."""
    return {image_id for shard in shards(layout) for image_id in _by_image(shard) if image_id is not None}


def highest_image_id(layout: Layout) -> int:
    """0 where nothing lies there. Looks into the last shards only."""
    for shard in reversed(shards(layout)):
        found = [image_id for image_id in _by_image(shard) if image_id is not None]
        if found:
            return max(found)
    return 0


def ids_used_up(layout: Layout) -> int:
    """All ids up to this one may have been given out: a shard is made for its first image, and stays."""
    last = [int(shard.name.removeprefix("shard-")) for shard in shards(layout)[-1:]]
    return (last[0] + 1) * IMAGES_PER_SHARD - 1 if last else 0


def files_by_image(shard: Path) -> dict[int | None, list[Path]]:
    """All files of a shard, those of each image under its id, those of the arrays themselves under None."""
    return {
        image_id: [file for path in paths for file in _files(path)]
        for image_id, paths in _by_image(shard).items()
    }


def _by_image(shard: Path) -> dict[int | None, list[Path]]:
    """Files, and folders that belong to one image as a whole."""
    found: dict[int | None, list[Path]] = {None: []}
    for folder, folders, names in os.walk(shard):
        for name in [*folders, *names]:
            image_id = _image_in(name, Path(folder), shard)
            if image_id is not None:
                found.setdefault(image_id, []).append(Path(folder) / name)
            elif name in names and not name.startswith("."):  # a draft is nobody's
                found[None].append(Path(folder) / name)
        if Path(folder).name in OF_FRAGMENTS:
            folders.clear()
    return found


def _image_in(name: str, folder: Path, shard: Path) -> int | None:
    if folder == shard:
        match = BESIDE.match(name)
    else:
        match = FRAGMENT.match(name) if folder.name in OF_FRAGMENTS else None
    return int(match[1]) if match else None


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for folder, _, names in os.walk(path):
        yield from (Path(folder) / name for name in sorted(names))
