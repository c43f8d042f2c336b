"""ETags made before anything is read, so that a 304 costs nothing."""

from __future__ import annotations

import hashlib

from starlette.requests import Request
from starlette.responses import Response

from app import __version__
from app.api.frame_reading import Selection
from app.rendering.picture import RENDERER_VERSION

CACHE_CONTROL = "public, max-age=300"


def entity_tag(selection: Selection, *parameters: object) -> str:
    """Two requests have the same tag if, and only if, they have the same answer: it knows rows, not depths."""
    image, view = selection.image, selection.view
    parts = (
        *(image.id, image.sha256, image.channel, sorted(image.settings.items())),
        *(view.level, view.start, view.stop),
        *(parameters, RENDERER_VERSION, __version__),
    )
    return f'"{hashlib.blake2b(repr(parts).encode(), digest_size=12).hexdigest()}"'


def is_unchanged(request: Request, tag: str) -> bool:
    given = request.headers.get("if-none-match")
    if given is None:
        return False
    return given.strip() == "*" or tag in (part.strip().removeprefix("W/") for part in given.split(","))


def not_modified(tag: str) -> Response:
    return Response(status_code=304, headers={"ETag": tag, "Cache-Control": CACHE_CONTROL})
