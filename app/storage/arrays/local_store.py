"""The arrays in a folder of a local disk."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from app.errors import StorageUnavailable
from app.storage.arrays import WIDTH, erasing, inventory, slices
from app.storage.arrays.handles import Handles
from app.storage.arrays.layout import Layout
from app.storage.arrays.schemas import make_shard
from app.storage.arrays.slices import Rows
from app.storage.leftovers import remove_leftovers

DRAFT_PREFIX = ".draft-"
SIMULTANEOUS_READS = 2  # more threads read slower, not faster


class LocalStore:
    def __init__(self, root: Path, width: int = WIDTH) -> None:
        self.layout = Layout(root)
        self.width = width

    def prepare(self, image_id: int) -> None:
        """A shard is there whole or not at all: it is made under another name."""
        root, shard = self.layout.root, self.layout.shard(image_id)
        if shard.exists():
            return
        root.mkdir(parents=True, exist_ok=True)
        draft = root / f"{DRAFT_PREFIX}{secrets.token_hex(8)}"
        try:
            make_shard(draft, self.width)
            draft.rename(shard)
        except (OSError, StorageUnavailable):
            shutil.rmtree(draft, ignore_errors=True)
            if not shard.exists():
                raise

    def write(self, image_id: int, array: str, start: int, values: Rows) -> None:
        slices.write_rows(self.layout.array(image_id, array), image_id, start, values)

    def describe(self, image_id: int, description: Mapping[str, Any]) -> None:
        _write(self.layout.description(image_id), self.layout.description_draft(image_id), description)

    def keep_picks(self, image_id: int, picks: Sequence[Mapping[str, Any]]) -> None:
        final = self.layout.picks(image_id)
        draft = final.with_name(f".{final.name}.{secrets.token_hex(8)}")
        try:
            _write(final, draft, picks)
        finally:
            draft.unlink(missing_ok=True)

    def drop_picks(self, image_id: int) -> None:
        self.layout.picks(image_id).unlink(missing_ok=True)

    def highest_image_id(self) -> int:
        return inventory.highest_image_id(self.layout)

    def erase(self, image_id: int) -> None:
        erasing.erase(self.layout, image_id)

    def bytes_of(self, image_id: int) -> tuple[int, int]:
        return erasing.bytes_on_disk(self.layout, image_id)

    def sweep_drafts(self, older_than_seconds: float) -> None:
        remove_leftovers(self.layout.root.glob(f"{DRAFT_PREFIX}*"), older_than_seconds)

    def check(self) -> None:
        root = self.layout.root
        try:
            next(root.iterdir(), None)
        except FileNotFoundError:
            pass  # made with the first image
        except OSError as error:
            raise StorageUnavailable(f"{root} cannot be read: {error.strerror}") from error

    def reads(self) -> LocalReads:
        return LocalReads(self.layout)


def _write(final: Path, draft: Path, content: object) -> None:
    """Whole or not at all."""
    with draft.open("w") as file:
        json.dump(content, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(final)


class LocalReads:
    def __init__(self, layout: Layout[Path]) -> None:
        self.layout = layout
        self._handles = Handles()
        self._turns = threading.BoundedSemaphore(SIMULTANEOUS_READS)

    def rows(self, image_id: int, array: str, start: int, stop: int) -> Rows:
        path = self.layout.array(image_id, array)
        with self._turns, self._handles.open(path, image_id) as opened:
            return slices.read_rows(opened, image_id, start, stop)

    def prefetch(self, image_id: int, array: str, start: int, stop: int) -> None:
        """A disk is near: nothing is gained by it."""

    def close(self) -> None:
        self._handles.close()
