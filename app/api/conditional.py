"""ETags made before anything is read, so that a 304 costs nothing."""

from __future__ import annotations

import hashlib
from functools import lru_cache

from starlette.requests import Request
from starlette.responses import Response

from app import __version__
from app.api.frame_reading import Selection
from app.rendering.picture import RENDERER_VERSION
from app.storage.catalog.tables import Image

CACHE_CONTROL = "public, max-age=300"
IMMUTABLE = "public, max-age=31536000, immutable"
"""For what was asked for under its image's version: other content would have another address."""


@lru_cache(maxsize=1024)
def version_of(image: Image) -> str:
    """Changes with the file's content, with how it was ingested, and with how pictures are made of it."""
    content = (image.sha256, image.channel, image.depth_unit, sorted(image.settings.items()))
    parts = (*content, RENDERER_VERSION, __version__)
    return hashlib.blake2b(repr(parts).encode(), digest_size=6).hexdigest()


def entity_tag(selection: Selection, *parameters: object) -> str:
    """Two requests have the same tag if, and only if, they have the same answer: it knows rows, not depths.

    A picture on a depth axis is of the very depths.
    """
    image, view = selection.image, selection.view
    parts = (image.id, version_of(image), view.level, view.start, view.stop, selection.axis, parameters)
    return f'"{hashlib.blake2b(repr(parts).encode(), digest_size=12).hexdigest()}"'


def is_unchanged(request: Request, tag: str) -> bool:
    given = request.headers.get("if-none-match")
    if given is None:
        return False
    return given.strip() == "*" or tag in (part.strip().removeprefix("W/") for part in given.split(","))


def not_modified(tag: str, cache_control: str = CACHE_CONTROL, vary: str | None = None) -> Response:
    headers = {"ETag": tag, "Cache-Control": cache_control} | ({"Vary": vary} if vary else {})
    return Response(status_code=304, headers=headers)
