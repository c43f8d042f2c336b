"""No more requests of one client than so many a second, where an operator wants that; in each worker by itself."""

from __future__ import annotations

import time
from collections import OrderedDict
from ipaddress import IPv6Address, ip_address

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.problems import answer_problem
from app.errors import TooManyRequests

SECONDS_ADDED_UP = 10.0
"""Over how long requests are counted: a page that opens asks for dozens at once, and then for none."""

MOST_CLIENTS = 50_000
"""Who was not heard of for longest is forgotten: a client with many addresses must not take all memory."""


class RateLimit:
    """Middleware. A client is a network address: behind a proxy, the one that the proxy forwards.

    Of each client one moment is kept, up to which its requests have used up its allowance (the generic cell rate
    algorithm of ATM).
    """

    def __init__(self, app: ASGIApp, *, per_second: float) -> None:
        self.app = app
        self.per_second = per_second
        self._interval = 1 / per_second
        self._allowance = max(SECONDS_ADDED_UP, self._interval)
        self._used_up_to: OrderedDict[str, float] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            client = client_of(scope["client"][0]) if scope.get("client") else "-"
            if not self.may_ask(client, time.monotonic()):
                error = TooManyRequests(
                    f"more than {self.per_second:g} requests a second from {client}: slow down"
                )
                answer = await answer_problem(Request(scope), error)
                await answer(scope, receive, send)
                return
        await self.app(scope, receive, send)

    def may_ask(self, client: str, now: float) -> bool:
        """Whether this request of the client is within its allowance. now: seconds that only ever grow."""
        used_up_to = max(self._used_up_to.get(client, now), now) + self._interval
        if used_up_to - now > self._allowance:
            return False
        self._used_up_to[client] = used_up_to
        self._used_up_to.move_to_end(client)
        if len(self._used_up_to) > MOST_CLIENTS:
            self._used_up_to.popitem(last=False)
        return True


def client_of(address: str) -> str:
    """Whom an address stands for: of IPv6, everybody has 2^64 of them, and is known by the first 64 bits."""
    try:
        parsed = ip_address(address) if ":" in address else None
    except ValueError:
        return address[:64]
    if not isinstance(parsed, IPv6Address):
        return address[:64]
    return str(parsed.ipv4_mapped or f"{IPv6Address(int(parsed) >> 64 << 64)}/64")
