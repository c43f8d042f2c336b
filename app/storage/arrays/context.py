"""This process's TileDB context, and TileDB's errors as ours."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import tiledb

from app.errors import StorageUnavailable

READS_PER_CONTEXT = 500
"""A context keeps 14 KB of each query until it goes (*measured*, TileDB 0.36), and takes 3 ms to make."""


@functools.cache
def context() -> tiledb.Ctx:
    """For what a process does rarely: making arrays and writing."""
    return new_context()


def new_context() -> tiledb.Ctx:
    """Our own threads are the concurrency, TileDB adds none."""
    return tiledb.Ctx({"sm.compute_concurrency_level": "1", "sm.io_concurrency_level": "1"})


class ReadingContext:
    """One that is replaced before what it keeps of its reads takes memory that somebody would miss."""

    def __init__(self) -> None:
        self._context = new_context()
        self._reads = 0
        self._lock = threading.Lock()

    def for_a_read(self) -> tiledb.Ctx:
        with self._lock:
            self._reads += 1
            if self._reads > READS_PER_CONTEXT:
                self._context, self._reads = new_context(), 1
            return self._context


@contextmanager
def translated() -> Iterator[None]:
    """TileDB's errors as ours. Raises StorageUnavailable."""
    try:
        yield
    except tiledb.TileDBError as error:
        raise StorageUnavailable(f"the array storage does not answer: {error}") from error
