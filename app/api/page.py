"""The web page and its files, with a policy that lets them load nothing from elsewhere."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter
from starlette.datastructures import MutableHeaders
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.settings import Settings

VIEWER = Path(__file__).parent.parent / "viewer"

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}

router = APIRouter(include_in_schema=False)


@router.get("/")
async def page() -> Response:
    return FileResponse(VIEWER / "index.html", headers=_HEADERS)


class ViewerFiles(StaticFiles):
    def __init__(self) -> None:
        super().__init__(directory=VIEWER)

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers.update(_HEADERS)
        return response


def headers_of_all(settings: Settings) -> list[tuple[bytes, bytes]]:
    """What every answer has: it is of the type it says, and no page elsewhere shows it unless some may read it."""
    sharing = b"cross-origin" if settings.cors_origins else b"same-origin"
    return [(b"x-content-type-options", b"nosniff"), (b"cross-origin-resource-policy", sharing)]


class FramedNowhere:
    """No page of ours, `/docs` among them, may be shown inside another: a click there could be led astray."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start" and _is_html(message):
                headers = MutableHeaders(scope=message)
                headers.setdefault("Content-Security-Policy", "frame-ancestors 'none'")
                headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
            await send(message)

        await self.app(scope, receive, send_guarded)


def _is_html(start: Message) -> bool:
    return any(name == b"content-type" and value.startswith(b"text/html") for name, value in start["headers"])
