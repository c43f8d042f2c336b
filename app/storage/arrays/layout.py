"""Where an image's arrays lie, and how they are made.

arrays/shard-00000/            a TileDB group for the images 0 to 99
    level-0                    (image_id, depth_index, pixel_index) -> value float32, NaN where null
    level-1 … level-9          the same for the means of 4, 16, … rows
    depth                      (image_id, depth_index) -> depth float64
    7.json                     what the catalog says of image 7
    7.picks.json               the picks that lie on it, if there ever were any
"""

from __future__ import annotations

import functools
import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import tiledb

from app.errors import StorageUnavailable
from app.storage.arrays import WIDTH

IMAGES_PER_SHARD = 100
LEVELS = 10  # 1,024 rows at level 9 are 268 million rows of wall
ARRAY_TILE_ROWS = 256
MAX_ROWS = 2**40
DRAFT_PREFIX = ".draft-"


class Layout:
    """The folder `root` and the arrays below it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def shard(self, image_id: int) -> Path:
        return self.root / f"shard-{image_id // IMAGES_PER_SHARD:05d}"

    def level(self, image_id: int, level: int) -> Path:
        return self.shard(image_id) / f"level-{level}"

    def depth(self, image_id: int) -> Path:
        return self.shard(image_id) / "depth"

    def arrays(self, image_id: int) -> list[Path]:
        """Every array that can hold fragments of this image."""
        return [*(self.level(image_id, level) for level in range(LEVELS)), self.depth(image_id)]

    def description(self, image_id: int) -> Path:
        return self.shard(image_id) / f"{image_id}.json"

    def description_draft(self, image_id: int) -> Path:
        return self.shard(image_id) / f".{image_id}.json.draft"

    def picks(self, image_id: int) -> Path:
        return self.shard(image_id) / f"{image_id}.picks.json"

    def ensure_shard(self, image_id: int) -> None:
        """Make the shard where it is missing: whole or not at all, whoever else makes it at the same time."""
        shard = self.shard(image_id)
        if shard.exists():
            return
        self.root.mkdir(parents=True, exist_ok=True)
        draft = self.root / f"{DRAFT_PREFIX}{secrets.token_hex(8)}"
        try:
            with translated():
                _make_shard(draft)
            draft.rename(shard)
        except (OSError, StorageUnavailable):
            shutil.rmtree(draft, ignore_errors=True)
            if not shard.exists():
                raise

    def sweep_drafts(self, older_than_seconds: float) -> None:
        """Remove shards that somebody died over while making them."""
        for draft in self.root.glob(f"{DRAFT_PREFIX}*"):
            if time.time() - draft.stat().st_mtime >= older_than_seconds:
                shutil.rmtree(draft, ignore_errors=True)

    def describe(self, image_id: int, description: Mapping[str, Any]) -> None:
        """Write beside the arrays what the catalog is about to say, so that it can be rebuilt from them."""
        _write(self.description(image_id), self.description_draft(image_id), description)

    def keep_picks(self, image_id: int, picks: Sequence[Mapping[str, Any]]) -> None:
        """Write beside the arrays which picks the catalog holds; any number of processes may. Raises OSError."""
        final = self.picks(image_id)
        draft = final.with_name(f".{final.name}.{secrets.token_hex(8)}")
        try:
            _write(final, draft, picks)
        finally:
            draft.unlink(missing_ok=True)


@functools.cache
def context() -> tiledb.Ctx:
    """This process's TileDB context: our own threads are the concurrency, TileDB adds none."""
    return tiledb.Ctx({"sm.compute_concurrency_level": "1", "sm.io_concurrency_level": "1"})


@contextmanager
def translated() -> Iterator[None]:
    """TileDB's errors as ours. Raises StorageUnavailable."""
    try:
        yield
    except tiledb.TileDBError as error:
        raise StorageUnavailable(f"the array storage does not answer: {error}") from error


def _write(final: Path, draft: Path, content: object) -> None:
    """Whole or not at all."""
    with draft.open("w") as file:
        json.dump(content, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(final)


def _make_shard(folder: Path) -> None:
    tiledb.Group.create(str(folder), ctx=context())
    members = {f"level-{level}": _values_schema() for level in range(LEVELS)} | {"depth": _depth_schema()}
    for name, schema in members.items():
        tiledb.Array.create(str(folder / name), schema, ctx=context())
    with tiledb.Group(str(folder), "w", ctx=context()) as group:
        for name in members:
            group.add(name, name=name, relative=True)


def _dimension(name: str, size: int, tile: int) -> tiledb.Dim:
    return tiledb.Dim(name, domain=(0, size - 1), tile=tile, dtype=np.int64, ctx=context())


def _values_schema() -> tiledb.ArraySchema:
    value = tiledb.Attr(
        "value",
        dtype=np.float32,
        fill=np.nan,
        filters=tiledb.FilterList([tiledb.BitShuffleFilter(), tiledb.ZstdFilter(level=1)]),
        ctx=context(),
    )
    domain = tiledb.Domain(
        _dimension("image_id", 2**31, 1),
        _dimension("depth_index", MAX_ROWS, ARRAY_TILE_ROWS),
        _dimension("pixel_index", WIDTH, WIDTH),
        ctx=context(),
    )
    return tiledb.ArraySchema(domain=domain, attrs=[value], ctx=context())


def _depth_schema() -> tiledb.ArraySchema:
    depth = tiledb.Attr(
        "depth",
        dtype=np.float64,
        fill=np.nan,
        filters=tiledb.FilterList([tiledb.BitShuffleFilter(), tiledb.ZstdFilter(level=1)]),
        ctx=context(),
    )
    domain = tiledb.Domain(
        _dimension("image_id", 2**31, 1), _dimension("depth_index", MAX_ROWS, 16_384), ctx=context()
    )
    return tiledb.ArraySchema(domain=domain, attrs=[depth], ctx=context())
