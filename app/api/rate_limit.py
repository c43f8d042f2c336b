"""No more requests of one client than so many a second, where an operator wants that; in each worker by itself."""

from __future__ import annotations

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.problems import answer_problem
from app.errors import TooManyRequests

SECONDS_ADDED_UP = 10
"""Over how long requests are counted: a page that opens asks for dozens at once, and then for none."""


class RateLimit:
    """Middleware. A client is a network address: behind a proxy, the one that the proxy forwards."""

    def __init__(self, app: ASGIApp, *, per_second: float) -> None:
        from limits import RateLimitItemPerSecond
        from limits.storage import MemoryStorage
        from limits.strategies import SlidingWindowCounterRateLimiter

        self.app = app
        self.per_second = per_second
        self._item = RateLimitItemPerSecond(max(1, round(per_second * SECONDS_ADDED_UP)), SECONDS_ADDED_UP)
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            client = scope["client"][0] if scope.get("client") else "-"
            if not self._limiter.hit(self._item, client):
                error = TooManyRequests(
                    f"more than {self.per_second:g} requests a second from {client}: slow down"
                )
                answer = await answer_problem(Request(scope), error)
                await answer(scope, receive, send)
                return
        await self.app(scope, receive, send)
