"""An id for every request, one line in the log when it is answered, and its place in the figures."""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.metering import Meter

log = logging.getLogger("borehole.access")

_GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class RequestLog:
    """Takes over a well-formed `X-Request-Id` from a proxy, else makes one; it comes back with the answer.

    headers: what every answer has, added here since every answer passes.
    """

    def __init__(
        self, app: ASGIApp, *, meter: Meter, lines: bool, headers: Sequence[tuple[bytes, bytes]] = ()
    ) -> None:
        self.app = app
        self.headers = headers
        self.meter = meter
        self.lines = lines

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _GIVEN_ID.fullmatch(given) else secrets.token_hex(8)
        scope["request_id"] = request_id
        started = time.perf_counter()
        status = 500

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                identified = (b"x-request-id", request_id.encode())
                message["headers"] = [*message["headers"], identified, *self.headers]
            await send(message)

        self.meter.begin()
        try:
            await self.app(scope, receive, send_with_id)
        finally:
            seconds = time.perf_counter() - started
            self.meter.end(scope, status, seconds)
            if self.lines:
                self._write(scope, status, request_id, seconds * 1000)

    def _write(self, scope: Scope, status: int, request_id: str, milliseconds: float) -> None:
        query = scope["query_string"].decode("latin-1")
        path = scope["path"] + (f"?{query}" if query else "")
        client = scope["client"][0] if scope.get("client") else "-"
        log.info(
            "%s %s %s %.1f ms %s",
            scope["method"],
            printable(path),
            status,
            milliseconds,
            request_id,
            extra={"request": request_id, "status": status, "ms": round(milliseconds, 2), "client": client}
            | ({"key": scope["borehole.key"]} if "borehole.key" in scope else {}),
        )


def printable(text: str) -> str:
    """What a client sent, as plain ASCII on one line."""
    return text.encode("unicode_escape").decode("ascii")
