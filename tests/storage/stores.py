"""Both kinds of store, for tests that hold of either."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.settings import Settings
from app.storage.arrays.layout import Layout
from app.storage.arrays.store import ArrayStore, open_store
from tests.builders import settings_in
from tests.s3_server import S3Server


@dataclass(frozen=True)
class Place:
    """Where a store is: on the local disk, or on `server` in a bucket.

    settings: what opens it, in this process or in another. files: what lies in it, as files.
    """

    settings: Settings
    files: Layout[Path]
    server: S3Server | None = None

    def open(self) -> ArrayStore:
        return open_store(self.settings)

    @contextmanager
    def away(self) -> Iterator[None]:
        """Meanwhile the store does not answer."""
        root = self.files.root
        if self.server is None:
            away = root.rename(root.with_name("away"))
            yield
            away.rename(root)
        else:
            self.server.stop()
            yield
            self.server.start()

    def names(self) -> list[str]:
        """Of all files in it."""
        root = self.files.root
        return sorted(str(file.relative_to(root)) for file in root.rglob("*") if file.is_file())


def on_disk(folder: Path) -> Place:
    settings = settings_in(folder)
    return Place(settings, Layout(settings.db_dir / "arrays"))


def in_bucket(folder: Path, server: S3Server) -> Place:
    name = re.sub("[^a-z0-9]+", "-", folder.name.lower())[:40].strip("-")
    bucket = server.bucket(f"{name}-{secrets.token_hex(4)}")
    settings = settings_in(folder, storage_uri=f"s3://{bucket.name}/wells")
    return Place(settings, Layout(bucket / "wells"), server)
