"""Open arrays, kept for the next read and closed only when nobody reads from them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import tiledb

from app.storage.arrays.context import ReadingContext, translated


@dataclass
class _Handle:
    array: tiledb.Array
    readers: int = 0
    kept: bool = True


class Handles:
    """At most `kept` idle arrays, each opened at one image's timestamp, so that it sees that image alone."""

    def __init__(self, kept: int = 64) -> None:
        self.kept = kept
        self._handles: OrderedDict[tuple[Path, int], _Handle] = OrderedDict()
        self._contexts = ReadingContext()
        self._context: tiledb.Ctx | None = None
        self._lock = threading.Lock()

    @contextmanager
    def open(self, path: Path, image_id: int) -> Iterator[tiledb.Array]:
        """The array `path` as image `image_id` left it. Raises StorageUnavailable."""
        handle = self._acquire((path, image_id))
        try:
            with translated():
                yield handle.array
        finally:
            self._release(handle)

    def close(self) -> None:
        with self._lock:
            self._drop_all()

    def _acquire(self, key: tuple[Path, int]) -> _Handle:
        with self._lock:
            context = self._contexts.for_a_read()
            if context is not self._context:  # the one before goes with the last array that it opened
                self._drop_all()
                self._context = context
            handle = self._handles.get(key)
            if handle is not None:
                handle.readers += 1
                self._handles.move_to_end(key)
                return handle
        path, image_id = key
        with translated():
            array = tiledb.open(str(path), timestamp=(image_id, image_id), ctx=context)
        opened = _Handle(array, readers=1)
        with self._lock:
            other = self._handles.pop(key, None)  # another thread opened it meanwhile
            if other is not None:
                self._discard(other)
            self._handles[key] = opened
            while len(self._handles) > self.kept:
                _, oldest = self._handles.popitem(last=False)
                self._discard(oldest)
        return opened

    def _release(self, handle: _Handle) -> None:
        with self._lock:
            handle.readers -= 1
            if not handle.kept and handle.readers == 0:
                handle.array.close()

    def _drop_all(self) -> None:
        for handle in self._handles.values():
            self._discard(handle)
        self._handles.clear()

    def _discard(self, handle: _Handle) -> None:
        """Close now, or leave it to the last reader."""
        handle.kept = False
        if handle.readers == 0:
            handle.array.close()
