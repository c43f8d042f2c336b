"""A browser's session: who has sent a key once need not keep it where a script could read it."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Iterable

from app.keys import ApiKey

COOKIE = "borehole_session"
SECONDS = 12 * 3600


def token_for(key: ApiKey, now: float) -> str:
    """Good for SECONDS, in every process, as long as the settings have the key."""
    text = f"{key.name}~{int(now) + SECONDS}"
    return f"{text}~{_signature(key, text)}"


def holder_of_token(token: str, keys: Iterable[ApiKey]) -> ApiKey | None:
    text, _, signature = token.rpartition("~")
    name, _, expires = text.rpartition("~")
    if not (expires.isascii() and expires.isdigit()) or int(expires[:12]) < time.time():
        return None
    for key in keys:
        if key.name == name and hmac.compare_digest(signature.encode(), _signature(key, text).encode()):
            return key
    return None


def _signature(key: ApiKey, text: str) -> str:
    return hmac.new(bytes.fromhex(key.sha256), text.encode(), hashlib.sha256).hexdigest()
