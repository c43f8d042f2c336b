"""Connections given up on: uvicorn waits for ever for a client that begins something and goes no further."""

from __future__ import annotations

import asyncio
import resource
from typing import ClassVar

from httptools import HttpParserError
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_FILES = 65_536


class GuardedProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 with an end to its patience.

    head_seconds: from the connection, or the first byte of a further request, until its headers are complete.
    body_seconds: in which body_bytes of a body, or of an answer that waits to be taken, must pass.
    head_bytes: the longest head.
    """

    head_seconds: ClassVar[float] = 15.0
    body_seconds: ClassVar[float] = 60.0
    body_bytes: ClassVar[int] = 32 * 1024
    head_bytes: ClassVar[int] = 16 * 1024

    _owing: asyncio.TimerHandle | None = None
    _patience: float | None = None
    _is_news = False
    """Whether the clock has yet to be set: once a packet is read, since most hold a whole request."""
    _taking: asyncio.TimerHandle | None = None
    _in_head = True
    _received = 0
    """Bytes of the head, or of the body since its clock was set."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._owes_more(self.head_seconds)
        self._set_clock()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_clock()
        self.resume_writing()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True
        self._owes_more(self.head_seconds)

    def data_received(self, data: bytes) -> None:
        goes_on = self._in_head
        super().data_received(data)
        if goes_on and self._in_head and not self.transport.is_closing():
            self._received += len(data)
            if self._received > self.head_bytes:
                self._refuse_head()
        if self._is_news:
            self._set_clock()

    def on_headers_complete(self) -> None:
        self._in_head, self._received = False, 0
        if len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers) > self.head_bytes:
            self._refuse_head()
            raise HttpParserError("the head is too long")  # or the parser would go on
        self._owes_more(self.body_seconds)
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        if not self.transport.is_closing():
            super().send_400_response(msg)

    def _refuse_head(self) -> None:
        self.transport.write(b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\n\r\n")
        self.transport.close()

    def on_body(self, body: bytes) -> None:
        self._received += len(body)
        if self._received >= self.body_bytes:  # a byte now and then does not buy time
            self._received = 0
            self._owes_more(self.body_seconds)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._received = 0
        self._patience, self._is_news = None, True
        super().on_message_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._take_some()

    def resume_writing(self) -> None:
        if self._taking is not None:
            self._taking.cancel()
            self._taking = None
        super().resume_writing()

    def _take_some(self) -> None:
        waiting = self.transport.get_write_buffer_size()
        self._taking = self.loop.call_later(self.body_seconds, self._see_what_was_taken, waiting)

    def _see_what_was_taken(self, waiting: int) -> None:
        if waiting - self.transport.get_write_buffer_size() >= self.body_bytes:
            self._take_some()
        else:
            self.transport.abort()

    def _owes_more(self, seconds: float) -> None:
        self._patience, self._is_news = seconds, True

    def _set_clock(self) -> None:
        self._is_news = False
        self._stop_clock()
        if self._patience is not None and not self.transport.is_closing():
            self._owing = self.loop.call_later(self._patience, self._give_up)

    def _stop_clock(self) -> None:
        if self._owing is not None:
            self._owing.cancel()
            self._owing = None

    def _give_up(self) -> None:
        if self.flow.read_paused:  # we are the slow ones
            self._set_clock()
        else:
            self.transport.abort()


def allow_many_connections() -> None:
    """As many open files as this process may have: each client is one, and 1,024 is a customary beginning."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
