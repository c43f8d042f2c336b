"""Answers given lately, by their address: who asks the same again is answered before anything is parsed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.storage.known_images import KnownImages

IMAGE_ID = "borehole.image_id"
"""The key of a request's scope under which an endpoint says: this answer is right as long as that image exists."""

LARGEST_SHARE = 8
"""An answer that would take more than this part of the whole cache is not kept."""

EACH_TAKES = 2700
"""Bytes of the objects that an answer is made of, with its headers, beside its address and body (*measured*)."""

RawHeaders = list[tuple[bytes, bytes]]
Address = tuple[str, bytes, bytes, bytes]

_KEPT_WITH_304 = (b"etag", b"cache-control", b"vary")


@dataclass
class _Answer:
    """route: which one gave it. size: bytes, with its address."""

    image_id: int
    size: int
    headers: RawHeaders
    body: bytes
    etag: bytes
    route: object


@dataclass
class _Recording:
    """Takes note of an answer on its way out."""

    send: Send
    headers: RawHeaders = field(default_factory=list)
    body: bytes | None = None
    status: int = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message["headers"])
        elif not message.get("more_body") and self.body is None:
            self.body = message.get("body", b"")
        else:
            self.status = 0  # streamed: not kept
        await self.send(message)


class RecentAnswers:
    """Middleware for GET requests about one image. Bounded in bytes; the least recently used go first."""

    def __init__(self, app: ASGIApp, *, capacity_bytes: int, count_hit: Callable[[], None]) -> None:
        self.app = app
        self.count_hit = count_hit
        self.capacity_bytes = capacity_bytes
        self.held_bytes = 0
        self._answers: OrderedDict[Address, _Answer] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        address = (
            scope["path"],
            scope["query_string"],
            headers.get(b"accept", b""),
            headers.get(b"accept-encoding", b""),
        )
        answer = self._answers.get(address)
        if answer is not None and _exists(scope, answer.image_id):
            self._answers.move_to_end(address)
            self.count_hit()
            scope["route"] = answer.route
            await _send_again(answer, headers.get(b"if-none-match"), send)
            return
        recording = _Recording(send)
        await self.app(scope, receive, recording)
        if recording.status == 200 and IMAGE_ID in scope and recording.body is not None:
            self._keep(address, scope, recording.headers, recording.body)

    def _keep(self, address: Address, scope: Scope, headers: RawHeaders, body: bytes) -> None:
        etag = dict(headers).get(b"etag", b"")
        headers = [header for header in headers if header[0] != b"server-timing"]
        headers.append((b"server-timing", b"cache;desc=hit"))
        size = _size(address, body)
        if size * LARGEST_SHARE > self.capacity_bytes:
            return
        replaced = self._answers.pop(address, None)
        self.held_bytes += size - (replaced.size if replaced else 0)
        self._answers[address] = _Answer(scope[IMAGE_ID], size, headers, body, etag, scope.get("route"))
        while self.held_bytes > self.capacity_bytes:
            _, oldest = self._answers.popitem(last=False)
            self.held_bytes -= oldest.size


def _size(address: Address, body: bytes) -> int:
    """Bytes. Addresses count: a client may make them long, and answers short."""
    path, query, accept, encoding = address
    return len(body) + len(path) + len(query) + len(accept) + len(encoding) + EACH_TAKES


def _exists(scope: Scope, image_id: int) -> bool:
    images: KnownImages = scope["app"].state.services.known_images
    return images.in_memory(image_id) is not None


async def _send_again(answer: _Answer, if_none_match: bytes | None, send: Send) -> None:
    if if_none_match is not None and answer.etag in if_none_match:
        headers = [header for header in answer.headers if header[0] in _KEPT_WITH_304]
        await send({"type": "http.response.start", "status": 304, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
        return
    await send({"type": "http.response.start", "status": 200, "headers": list(answer.headers)})
    await send({"type": "http.response.body", "body": answer.body})
