"""Connections given up on: uvicorn waits for ever for a client that begins something and goes no further."""

from __future__ import annotations

import asyncio
import resource
from typing import ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_FILES = 65_536


class GuardedProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 with an end to its patience.

    head_seconds: from the connection, or the first byte of a further request, until its headers are complete.
    body_seconds: without a byte of the body, or of an answer that waits to be taken. head_bytes: the longest head.
    """

    head_seconds: ClassVar[float] = 15.0
    body_seconds: ClassVar[float] = 60.0
    head_bytes: ClassVar[int] = 64 * 1024

    _owing: asyncio.TimerHandle | None = None
    _taking: asyncio.TimerHandle | None = None
    _in_head = True
    _received = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._owes_more(self.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        self._settled()
        self.resume_writing()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True
        self._owes_more(self.head_seconds)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._received += len(data) if self._in_head else 0
        if self._received > self.head_bytes:
            self.transport.write(b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\n\r\n")
            self.transport.close()

    def on_headers_complete(self) -> None:
        self._in_head, self._received = False, 0
        self._owes_more(self.body_seconds)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._owes_more(self.body_seconds)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._settled()
        super().on_message_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._taking = self.loop.call_later(self.body_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        if self._taking is not None:
            self._taking.cancel()
            self._taking = None
        super().resume_writing()

    def _owes_more(self, seconds: float) -> None:
        self._settled()
        self._owing = self.loop.call_later(seconds, self._give_up, seconds)

    def _settled(self) -> None:
        if self._owing is not None:
            self._owing.cancel()
            self._owing = None

    def _give_up(self, seconds: float) -> None:
        if self.flow.read_paused:  # we are the slow ones
            self._owes_more(seconds)
        else:
            self.transport.abort()


def allow_many_connections() -> None:
    """As many open files as this process may have: each client is one, and 1,024 is a customary beginning."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
