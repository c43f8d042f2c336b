"""A file that is sent while it is made: as fast as the client takes it, and no further once the client is gone."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from app.api.routing import HEAD_ALONE
from app.errors import BoreholeError, TooManyExports
from app.rendering.exports.table import Pieces

log = logging.getLogger("borehole.api")

SIMULTANEOUS_EXPORTS = 2
"""More would take the frames' turns at the disk and the processor, and none would end sooner."""


class ExportSlots:
    """How many exports this process has under way. For the event loop alone."""

    def __init__(self, slots: int = SIMULTANEOUS_EXPORTS) -> None:
        self.free = slots

    @contextmanager
    def one(self) -> Iterator[None]:
        """Raises TooManyExports."""
        if not self.free:
            raise TooManyExports(
                "this server is busy with other exports; try again in a few seconds, or ask /frames for a short "
                "range"
            )
        self.free -= 1
        try:
            yield
        finally:
            self.free += 1


class ExportResponse(StreamingResponse):
    """What goes wrong before the first piece is answered as a problem. Later nothing can be told any more: the
    connection breaks, which no client takes for the file's end.
    """

    def __init__(self, pieces: Pieces, slots: ExportSlots, name: str, **options: Any) -> None:
        super().__init__((), **options)
        self.pieces = pieces
        self.slots = slots
        self.name = name
        self.sent_bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if HEAD_ALONE in scope:
            head = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
            await send(head)
            await send({"type": "http.response.body"})
            return
        with self.slots.one():
            try:
                self.first = await run_in_threadpool(next, self.pieces)
                await super().__call__(scope, receive, send)
            finally:
                with anyio.CancelScope(shield=True):
                    await run_in_threadpool(self.pieces.close)

    async def stream_response(self, send: Send) -> None:
        """Where a piece cannot be made there is no last message, upon which the server breaks the connection."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        piece: bytes | None = self.first
        while piece is not None:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            self.sent_bytes += len(piece)
            try:
                piece = await run_in_threadpool(next, self.pieces, None)
            except BoreholeError as error:
                log.error("%s broke off after %d bytes: %s", self.name, self.sent_bytes, error)
                return
        await send({"type": "http.response.body"})
