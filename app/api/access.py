"""Who may change things: holders of the API key, or, where there is none, somebody at this very machine."""

from __future__ import annotations

import hmac
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader

from app.api.services import UsesServices
from app.errors import AnonymousWriteRefused, ApiKeyRequired
from app.settings import LOOPBACK_HOSTS

_KEY = APIKeyHeader(
    name="X-API-Key", auto_error=False, description="Needed for changes where BOREHOLE_API_KEY is set."
)


async def _writing_is_allowed(
    request: Request,
    services: UsesServices,
    given: Annotated[str | None, Security(_KEY)],
) -> None:
    """Raises ApiKeyRequired, AnonymousWriteRefused."""
    settings = services.settings
    if settings.api_key:
        if not hmac.compare_digest((given or "").encode(), settings.api_key.encode()):
            raise ApiKeyRequired(
                "wrong key: what X-API-Key says is not this server's BOREHOLE_API_KEY"
                if given
                else "send the server's API key in the X-API-Key header to change anything"
            )
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
    if _name(f"//{host}") not in LOOPBACK_HOSTS:
        raise AnonymousWriteRefused(
            f"without an API key, changes are taken only at localhost, 127.0.0.1 or [::1], not at {host!r}: set "
            "BOREHOLE_API_KEY to allow them from elsewhere, or behind a proxy"
        )
    origin = request.headers.get("origin")
    if origin is not None and origin.lower() not in (f"http://{host.lower()}", f"https://{host.lower()}"):
        raise AnonymousWriteRefused(f"a page of {origin!r} may not change anything here")


def _name(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


writing_is_allowed = Depends(_writing_is_allowed)
