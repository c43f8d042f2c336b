"""How the arrays are named, on a disk and in a bucket alike.

shard-00000/                   a TileDB group for the images 0 to 99
    level-0                    (image_id, depth_index, pixel_index) -> value float32, NaN where null
    level-1 … level-9          the same for the means of 4, 16, … rows
    depth                      (image_id, depth_index) -> depth float64
    7.json                     what the catalog says of image 7
    7.picks.json               the picks that lie on it, if there ever were any
"""

from __future__ import annotations

from pathlib import PurePath
from typing import Generic, TypeVar

IMAGES_PER_SHARD = 100
LEVELS = 10  # 1,024 rows at level 9 are 268 million rows of wall
DEPTH = "depth"
SHARD_PREFIX = "shard-"

FRAGMENTS, COMMITS, SCHEMAS = "__fragments", "__commits", "__schema"
"""The folders of an array, as TileDB names them."""

P = TypeVar("P", bound=PurePath)


def level_name(level: int) -> str:
    return f"level-{level}"


ARRAYS = (*map(level_name, range(LEVELS)), DEPTH)
"""The arrays of a shard."""


def fragment_prefix(image_id: int) -> str:
    """How the names of an image's fragments and commits begin: all of image 7 was written at timestamp 7."""
    return f"__{image_id}_{image_id}_"


class Layout(Generic[P]):
    """The names below `root`."""

    def __init__(self, root: P) -> None:
        self.root = root

    def shard(self, image_id: int) -> P:
        return self.root / f"{SHARD_PREFIX}{image_id // IMAGES_PER_SHARD:05d}"

    def array(self, image_id: int, name: str) -> P:
        return self.shard(image_id) / name

    def level(self, image_id: int, level: int) -> P:
        return self.array(image_id, level_name(level))

    def depth(self, image_id: int) -> P:
        return self.array(image_id, DEPTH)

    def arrays(self, image_id: int) -> list[P]:
        """Every array that can hold fragments of this image."""
        return [self.array(image_id, name) for name in ARRAYS]

    def description(self, image_id: int) -> P:
        return self.shard(image_id) / f"{image_id}.json"

    def description_draft(self, image_id: int) -> P:
        return self.shard(image_id) / f".{image_id}.json.draft"

    def picks(self, image_id: int) -> P:
        return self.shard(image_id) / f"{image_id}.picks.json"
