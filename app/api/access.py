"""Who may do what: holders of API keys, or, where there are none, for changes, somebody at this very machine.

A key comes in `X-API-Key`, as `Authorization: Bearer`, or, from a browser that has sent it once, as a session's
cookie. Cookies travel by themselves, so a request that has one must not come from a page of another origin.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.doorway import SESSION_TOKEN, host_name
from app.api.problems import answer_problem
from app.api.services import Services, UsesServices
from app.api.sessions import holder_of_token
from app.errors import AnonymousWriteRefused, ApiKeyRequired, KeyIsForReading
from app.keys import ApiKey, holder
from app.settings import LOOPBACK_HOSTS

KEY_NAME = "borehole.key"
"""The key of a request's scope under which the log finds whose key it was."""

OPEN_TO_ALL = ("/viewer/", "/static-offline-docs/")
OPEN_PAGES = frozenset({"/", "/health/live", "/health/ready", "/session", "/favicon.ico"})

_DOCUMENTED = APIKeyHeader(
    name="X-API-Key",
    auto_error=False,
    description="Needed for changes where the server has keys, and for reading where `BOREHOLE_READING_NEEDS_KEY` "
    "is set. `Authorization: Bearer` does as well.",
)


def key_of(request: Request) -> ApiKey | None:
    """Whose request it is; None where it brings no key. Raises ApiKeyRequired for one that is not ours."""
    services: Services = request.app.state.services
    headers, keys = request.headers, services.settings.keys
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    given = headers.get("x-api-key") or (bearer.strip() if scheme.lower() == "bearer" else "")
    if given:
        key = holder(given, keys)
        if key is None:
            raise ApiKeyRequired("wrong key: this is none of the server's API keys")
        return key
    token = request.scope.get(SESSION_TOKEN)
    if token is None or not _is_same_origin(headers):
        return None
    return holder_of_token(token, services.session_secret, keys)


class ReadingNeedsKey:
    """Middleware that answers nothing about images to who has no key; only the page itself, and whether we live."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in OPEN_PAGES or scope["path"].startswith(OPEN_TO_ALL):
            await self.app(scope, receive, send)
            return
        try:
            key = key_of(Request(scope))
            if key is None:
                raise ApiKeyRequired("this server answers only to who sends one of its API keys in X-API-Key")
        except ApiKeyRequired as error:
            answer = await answer_problem(Request(scope), error)
            await answer(scope, receive, send)
            return
        scope[KEY_NAME] = key.name

        async def send_privately(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [_private(header) for header in message["headers"]]
            await send(message)

        await self.app(scope, receive, send_privately)


def _private(header: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    """What only the holder of a key may see is nothing for a cache that others use, too."""
    name, value = header
    return (name, value.replace(b"public", b"private")) if name == b"cache-control" else header


async def _writing_is_allowed(
    request: Request,
    services: UsesServices,
    _documented: Annotated[str | None, Security(_DOCUMENTED)],
) -> None:
    """Raises ApiKeyRequired, KeyIsForReading, AnonymousWriteRefused."""
    settings = services.settings
    if settings.keys:
        key = key_of(request)
        if key is None:
            raise ApiKeyRequired(
                "send one of the server's API keys in the X-API-Key header to change anything"
            )
        request.scope[KEY_NAME] = key.name
        if key.scope != "write":
            raise KeyIsForReading(f"the key {key.name!r} is for reading; changes need one for writing")
        return
    if not settings.listens_on_loopback and not settings.allow_anonymous_writes:
        raise AnonymousWriteRefused(
            "this server listens to the network and has no API key, so nothing may be changed: set "
            "BOREHOLE_API_KEY (BOREHOLE_ALLOW_ANONYMOUS_WRITES=true is for changes from this very machine, made "
            "at localhost, alone)"
        )
    _must_come_from_here(request)


def _must_come_from_here(request: Request) -> None:
    """Keep pages of other origins, and names that resolve to us without being ours, from driving this server."""
    host = request.headers.get("host", "")
    if host_name(host) not in LOOPBACK_HOSTS:
        raise AnonymousWriteRefused(
            f"without an API key, changes are taken only at localhost, 127.0.0.1 or [::1], not at {host!r}: set "
            "BOREHOLE_API_KEY to allow them from elsewhere, or behind a proxy"
        )
    if not _is_same_origin(request.headers):
        raise AnonymousWriteRefused(f"a page of {request.headers['origin']!r} may not change anything here")


def _is_same_origin(headers: Headers) -> bool:
    origin, host = headers.get("origin"), headers.get("host", "").lower()
    return origin is None or origin.lower() in (f"http://{host}", f"https://{host}")


writing_is_allowed = Depends(_writing_is_allowed)
