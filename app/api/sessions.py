"""A browser's session: who has sent a key once need not keep it where a script could read it.

A token is signed with a secret of the server's own: what the settings have of a key, its hash, is not enough to
make one, whoever reads them. Processes that share a folder have the secret there, in a file that only they can
read; those on several machines have their catalog alone in common, and the secret in it.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from app.keys import ApiKey
from app.settings import Settings
from app.storage.catalog.database import Catalog
from app.storage.catalog.secrets import common_secret

COOKIE = "borehole_session"
SECONDS = 12 * 3600
SECRET_FILE = "session.secret"


def shared_secret(settings: Settings, catalog: Catalog) -> bytes:
    """32 random bytes, the same for all processes of a server. Raises OSError, CatalogUnavailable."""
    return common_secret(catalog, "session") if catalog.on_postgresql else secret_in(settings.db_dir)


def secret_in(folder: Path) -> bytes:
    """32 random bytes, in a file that only its owner can read. Raises OSError."""
    file = folder / SECRET_FILE
    with suppress(FileNotFoundError):
        return file.read_bytes()
    draft = folder / f".{secrets.token_hex(8)}"
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as opened:
        opened.write(secrets.token_bytes(32))
    with suppress(FileExistsError):  # another process was quicker, and its secret counts
        file.hardlink_to(draft)
    draft.unlink()
    return file.read_bytes()


def token_for(key: ApiKey, secret: bytes, now: float) -> str:
    """Good for SECONDS, in every process that has the secret, as long as the settings have the key."""
    text = f"{key.name}~{int(now) + SECONDS}"
    return f"{text}~{_signature(key, secret, text)}"


def holder_of_token(token: str, secret: bytes, keys: Iterable[ApiKey]) -> ApiKey | None:
    text, _, signature = token.rpartition("~")
    name, _, expires = text.rpartition("~")
    if not (expires.isascii() and expires.isdigit()) or int(expires[:12]) < time.time():
        return None
    for key in keys:
        if key.name == name and hmac.compare_digest(
            signature.encode(), _signature(key, secret, text).encode()
        ):
            return key
    return None


def _signature(key: ApiKey, secret: bytes, text: str) -> str:
    return hmac.new(secret, f"{key.sha256}~{text}".encode(), hashlib.sha256).hexdigest()
