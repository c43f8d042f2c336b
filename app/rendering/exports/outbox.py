"""A file for libraries that write into one: what was written is taken out and sent on."""

from __future__ import annotations

import io
from typing import Any


class Outbox(io.RawIOBase):
    """Holds what was written since it was last taken."""

    def __init__(self) -> None:
        self._written: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        copied = bytes(memoryview(data))
        self._written.append(copied)
        return len(copied)

    def take(self) -> bytes:
        taken = b"".join(self._written)
        self._written.clear()
        return taken
