"""`/session`: a key for a cookie, so that the page, its pictures and its events need not carry the key."""

from __future__ import annotations

import time
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import Response

from app.api.access import key_of
from app.api.problems import may_answer
from app.api.routing import StrictRoute
from app.api.services import UsesServices
from app.api.sessions import COOKIE, SECONDS, token_for
from app.errors import ApiKeyRequired

router = APIRouter(prefix="/session", tags=["server"], route_class=StrictRoute)


_EXAMPLE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/json": {"example": {"name": "office", "scope": "write"}}}}
}


class SessionView(BaseModel):
    name: str
    scope: str


@router.post("", summary="Begin a browser's session with the key sent along", responses=may_answer(401))
async def begin(request: Request, response: Response, services: UsesServices) -> SessionView:
    """The cookie is good for twelve hours, and for this server's own pages alone."""
    key = key_of(request)
    if key is None:
        raise ApiKeyRequired("send one of the server's API keys in the X-API-Key header to begin a session")
    response.set_cookie(
        COOKIE,
        token_for(key, services.session_secret, time.time()),
        max_age=SECONDS,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return SessionView(name=key.name, scope=key.scope)


@router.get("", summary="Whose it is", responses=_EXAMPLE | may_answer(401))
async def current(request: Request, response: Response) -> SessionView | None:
    """null where the request brings neither a session nor a key."""
    response.headers["Cache-Control"] = "no-store"
    key = key_of(request)
    return SessionView(name=key.name, scope=key.scope) if key else None


@router.delete("", summary="End it", status_code=204)
async def end(response: Response) -> None:
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")
