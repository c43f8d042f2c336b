"""What is looked at in each request's head before all else: whom it is addressed to, and a session's cookie.

To a browser, a page whose name was made to resolve to this machine (DNS rebinding) is of our own origin: what tells
its requests from our page's is the name in their Host alone.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.problems import answer_problem
from app.api.sessions import COOKIE
from app.errors import HostNotAllowed
from app.settings import Settings

SESSION_TOKEN = "borehole.session"
"""The key of a request's scope under which a session's token is found, if its cookies had one."""

RawHeaders = list[tuple[bytes, bytes]]


class Doorway:
    """Middleware that turns away what is addressed to another name, and takes cookies out of the head.

    No other cookie is for us: parsing a hostile one takes Python's own parser seconds.
    """

    def __init__(self, app: ASGIApp, *, settings: Settings) -> None:
        self.app = app
        self.asks_for_name = settings.guards_its_name
        self._is_for_us = lru_cache(maxsize=64)(lambda host: is_for_us(host, settings.allowed_hosts))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers: RawHeaders = scope["headers"]
            if any(name == b"cookie" for name, _ in headers):
                scope[SESSION_TOKEN] = _session_token(headers)
                scope["headers"] = [header for header in headers if header[0] != b"cookie"]
            if self.asks_for_name:
                for name, host in headers:
                    if name == b"host" and not self._is_for_us(host):
                        answer = await answer_problem(Request(scope), _refusal(host))
                        await answer(scope, receive, send)
                        return
        await self.app(scope, receive, send)


def is_for_us(host: bytes, allowed: tuple[str, ...]) -> bool:
    """Whether no stranger can have led a browser here by this name.

    That is so for addresses, for names without a dot, which nobody can register, and for those in `allowed`.
    """
    name = host_name(host.decode("latin-1"))
    return "." not in name or name in allowed or _is_address(name)


def host_name(host: str) -> str:
    """The name in a Host header, in lower case, without the port; "" where there is none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _refusal(host: bytes) -> HostNotAllowed:
    name = host_name(host.decode("latin-1"))[:255]
    return HostNotAllowed(
        f"this server is not known as {name!r}: ask for it by its address, or set BOREHOLE_ALLOWED_HOSTS={name}",
        host=name,
    )


def _session_token(headers: RawHeaders) -> str | None:
    wanted = COOKIE.encode()
    for header, value in headers:
        for cookie in value.split(b";") if header == b"cookie" else ():
            name, _, token = cookie.strip().partition(b"=")
            if name == wanted:
                return token.decode("latin-1")
    return None
