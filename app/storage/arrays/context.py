"""This process's TileDB context, and TileDB's errors as ours."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager

import tiledb

from app.errors import StorageUnavailable


@functools.cache
def context() -> tiledb.Ctx:
    """Our own threads are the concurrency, TileDB adds none."""
    return tiledb.Ctx({"sm.compute_concurrency_level": "1", "sm.io_concurrency_level": "1"})


@contextmanager
def translated() -> Iterator[None]:
    """TileDB's errors as ours. Raises StorageUnavailable."""
    try:
        yield
    except tiledb.TileDBError as error:
        raise StorageUnavailable(f"the array storage does not answer: {error}") from error
