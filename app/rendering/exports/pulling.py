"""What a library writes into a file by itself, as pieces to be fetched one after the other."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from queue import Empty, Queue
from typing import IO, Any, cast

from app.rendering.exports.table import Pieces

PIECE_BYTES = 256 * 1024
PIECES_AHEAD = 2


class Abandoned(Exception):
    """Nobody fetches what is written any more."""


class _Pipe(io.RawIOBase):
    """The writing thread waits where PIECES_AHEAD pieces wait to be fetched."""

    def __init__(self) -> None:
        self.pieces: Queue[bytes | None] = Queue(PIECES_AHEAD)
        self.abandoned = False
        self.failure: BaseException | None = None
        self._piece = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        if self.abandoned:
            raise Abandoned
        self._piece += data
        if len(self._piece) >= PIECE_BYTES:
            self._put()
        return len(data)

    def fill(self, write: Callable[[IO[bytes]], None]) -> None:
        try:
            write(cast(IO[bytes], self))
            self._put()
        except BaseException as failure:  # a panic of the Parquet writer is no Exception
            self.failure = failure
        self.pieces.put(None)

    def abandon(self) -> None:
        self.abandoned = True
        try:
            while True:
                self.pieces.get_nowait()
        except Empty:
            pass

    def _put(self) -> None:
        self.pieces.put(bytes(self._piece))
        self._piece.clear()


def pulled(write: Callable[[IO[bytes]], None]) -> Pieces:
    """What `write` writes, which runs in a thread as far as it is fetched. Raises what `write` raises.

    Who closes the iterator ends the writing: `write` meets Abandoned at its next word.
    """
    pipe = _Pipe()
    thread = threading.Thread(target=pipe.fill, args=(write,), name="export", daemon=True)
    thread.start()
    try:
        while (piece := pipe.pieces.get()) is not None:
            yield piece
    finally:
        while thread.is_alive():
            pipe.abandon()
            thread.join(0.01)
    if pipe.failure is not None:
        raise pipe.failure
