"""API keys as the settings have them: a name, what it is good for, and a hash, never the key itself."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

_WRITTEN = re.compile(
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9_.-]{0,39}):(?P<scope>read|write):(?P<sha256>[0-9a-f]{64})"
)


@dataclass(frozen=True)
class ApiKey:
    """name: what logs call it. scope: `write` includes reading. sha256: of the key, in hex."""

    name: str
    scope: Literal["read", "write"]
    sha256: str

    @classmethod
    def parse(cls, text: str) -> ApiKey:
        """Raises ValueError, which does not repeat the text: it may be a key."""
        match = _WRITTEN.fullmatch(text)
        if match is None:
            raise ValueError(
                "a key is written NAME:read:SHA256 or NAME:write:SHA256; `python -m app.admin key NAME` makes one"
            )
        scope: Literal["read", "write"] = "write" if match["scope"] == "write" else "read"
        return cls(match["name"], scope, match["sha256"])

    @classmethod
    def of(cls, name: str, scope: Literal["read", "write"], key: str) -> ApiKey:
        return cls(name, scope, hashed(key))

    def __str__(self) -> str:
        return f"{self.name}:{self.scope}:{self.sha256}"


def new_key() -> str:
    """256 random bits: too many to guess, so that one round of SHA-256 is hash enough."""
    return secrets.token_urlsafe(32)


def hashed(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def holder(given: str, keys: Iterable[ApiKey]) -> ApiKey | None:
    """Whose key it is. Compares with every one, each in constant time."""
    digest = hashed(given)
    found = [key for key in keys if hmac.compare_digest(digest, key.sha256)]
    return found[0] if found else None
