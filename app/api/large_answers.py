"""Large answers leave in pieces, and so many bytes of them may wait at once for clients that take them slowly."""

from __future__ import annotations

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.problems import answer_problem
from app.errors import ServerBusy

PIECE_BYTES = 256 * 1024
"""A larger answer is large."""

MOST_WAITING_BYTES = 512 * 1024 * 1024
"""Of each process. The largest answer, 20,000 rows with their colours, has 65 MiB."""


class LargeAnswers:
    """Middleware. The server would take a whole answer at once, and nobody know when it is gone."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.waiting_bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        held: Message | None = None
        refused = False

        async def send_in_pieces(message: Message) -> None:
            nonlocal held, refused
            if message["type"] == "http.response.start" and _announced(message) > PIECE_BYTES:
                held = message  # until it is known whether all of it comes at once
                return
            size = len(message.get("body", b""))
            if held is not None:
                if self.waiting_bytes + size > MOST_WAITING_BYTES:
                    refused = True
                    error = ServerBusy("other large answers wait to be taken: try again shortly")
                    answer = await answer_problem(Request(scope), error)
                    await answer(scope, receive, send)
                else:
                    await send(held)
                held = None
            if refused:
                return
            if size <= PIECE_BYTES:
                await send(message)
                return
            self.waiting_bytes += size
            try:
                await _in_pieces(message, send)
            finally:
                self.waiting_bytes -= size

        await self.app(scope, receive, send_in_pieces)


def _announced(start: Message) -> int:
    for name, value in start["headers"]:
        if name == b"content-length":
            return int(value)
    return 0


async def _in_pieces(message: Message, send: Send) -> None:
    """Each goes out when the client has taken most of those before."""
    body = memoryview(message["body"])
    for start in range(0, len(body), PIECE_BYTES):
        piece = bytes(body[start : start + PIECE_BYTES])
        goes_on = start + PIECE_BYTES < len(body)
        await send(
            {"type": message["type"], "body": piece, "more_body": goes_on or message.get("more_body", False)}
        )
