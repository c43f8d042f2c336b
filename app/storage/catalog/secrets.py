"""Secrets of a server whose processes run on several machines: nothing but the catalog is common to them."""

from __future__ import annotations

import secrets
from contextlib import suppress

from sqlalchemy.exc import IntegrityError

from app.storage.catalog.database import Catalog
from app.storage.catalog.tables import Secret

BYTES = 32


def common_secret(catalog: Catalog, name: str) -> bytes:
    """32 random bytes, made by whoever asks first. Raises CatalogUnavailable."""
    with catalog.writing() as session:
        secret = session.get(Secret, name)
        if secret is None:
            with (
                suppress(IntegrityError),
                session.begin_nested(),
            ):  # another process was quicker, and its own counts
                session.add(Secret(name=name, value=secrets.token_hex(BYTES)))
            secret = session.get_one(Secret, name, populate_existing=True)
        return bytes.fromhex(secret.value)
