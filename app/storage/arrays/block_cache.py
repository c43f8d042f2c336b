"""Decoded blocks of rows in memory, bounded in bytes: TileDB itself keeps no tiles."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Any

import numpy.typing as npt

Block = npt.NDArray[Any]


class BlockCache:
    """The least recently used blocks go first. However many ask for a missing block, one of them loads it."""

    def __init__(self, capacity_bytes: int) -> None:
        self.capacity_bytes = capacity_bytes
        self.held_bytes = 0
        self.hits = 0
        self.misses = 0
        self._blocks: OrderedDict[Hashable, Block] = OrderedDict()
        self._loading: dict[Hashable, Future[Block]] = {}
        self._lock = threading.Lock()

    def peek(self, key: Hashable) -> Block | None:
        """The block if it is here; never waits for a load."""
        with self._lock:
            return self._found(key)

    def get(self, key: Hashable, load: Callable[[], Block]) -> Block:
        """The block, loaded by this caller or by another that came first. Raises whatever the load raises."""
        with self._lock:
            block = self._found(key)
            if block is not None:
                return block
            loading = self._loading.get(key)
            if loading is None:
                mine = self._loading[key] = Future()
                self.misses += 1
        if loading is not None:
            return loading.result()
        try:
            block = load()
        except BaseException as error:
            with self._lock:
                del self._loading[key]
            mine.set_exception(error)
            raise
        block.flags.writeable = False
        with self._lock:
            del self._loading[key]
            self._keep(key, block)
        mine.set_result(block)
        return block

    def _found(self, key: Hashable) -> Block | None:
        block = self._blocks.get(key)
        if block is not None:
            self._blocks.move_to_end(key)
            self.hits += 1
        return block

    def _keep(self, key: Hashable, block: Block) -> None:
        if block.nbytes > self.capacity_bytes:
            return
        self._blocks[key] = block
        self.held_bytes += block.nbytes
        while self.held_bytes > self.capacity_bytes:
            _, oldest = self._blocks.popitem(last=False)
            self.held_bytes -= oldest.nbytes
