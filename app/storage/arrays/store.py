"""Where the arrays are kept: what the two kinds of store, a local disk and a bucket, have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from app.packages import require_installed
from app.settings import Settings
from app.storage.arrays.local_store import LocalStore
from app.storage.arrays.slices import Rows

S3_PACKAGE = "boto3"


class Reads(Protocol):
    """Rows of images that the catalog knows. Safe to share between threads."""

    def rows(self, image_id: int, array: str, start: int, stop: int) -> Rows:
        """The rows start … stop − 1 of one of the image's arrays, NaN where none were written.

        float32 (n, width) of a level, float64 (n,) of the depths. Raises StorageUnavailable.
        """

    def prefetch(self, image_id: int, array: str, start: int, stop: int) -> None:
        """Get at once what these rows will be read from piece by piece. Raises StorageUnavailable."""

    def close(self) -> None: ...


class ArrayStore(Protocol):
    """Whatever is written of an image is visible to nobody until the catalog names the image."""

    def prepare(self, image_id: int) -> None:
        """Make the image's shard where it is missing, whoever else makes it at the same time.

        Raises StorageUnavailable, OSError.
        """

    def write(self, image_id: int, array: str, start: int, values: Rows) -> None:
        """The rows start … start + n − 1 of one of the image's arrays. Raises StorageUnavailable, OSError."""

    def describe(self, image_id: int, description: Mapping[str, Any]) -> None:
        """Write beside the arrays what the catalog is about to say, so that it can be rebuilt from them.

        Raises StorageUnavailable, OSError.
        """

    def keep_picks(self, image_id: int, picks: Sequence[Mapping[str, Any]]) -> None:
        """Write beside the arrays which picks the catalog holds; any number of processes may.

        Raises StorageUnavailable, OSError.
        """

    def drop_picks(self, image_id: int) -> None:
        """Of an image that is gone. Raises StorageUnavailable, OSError."""

    def highest_image_id(self) -> int:
        """Of all images of which anything lies there; 0 where nothing does. Raises StorageUnavailable, OSError."""

    def erase(self, image_id: int) -> None:
        """Remove every trace of an image; its commits first, so that no fragment is ever visible in part.

        Safe to repeat, and safe while others read other images. Raises StorageUnavailable, OSError.
        """

    def bytes_of(self, image_id: int) -> tuple[int, int]:
        """Stored bytes of an image's full-resolution rows with their depths, and of its overviews.

        Raises StorageUnavailable, OSError.
        """

    def sweep_drafts(self, older_than_seconds: float) -> None:
        """Remove what somebody died over while writing it."""

    def check(self) -> None:
        """Raises StorageUnavailable where the store does not answer."""

    def reads(self) -> Reads: ...


def open_store(settings: Settings) -> ArrayStore:
    """Raises RuntimeError where a package is missing for it."""
    if settings.storage_uri is None:
        return LocalStore(settings.db_dir / "arrays", settings.pixel_width)
    require_package(settings.storage_uri)
    from app.storage.arrays.bucket_store import BucketStore  # boto3 is for those who have a bucket

    return BucketStore(
        settings.storage_uri, settings.db_dir / "cache", settings.storage_cache_bytes, settings.pixel_width
    )


def require_package(uri: str | None, variable: str = "BOREHOLE_STORAGE_URI") -> None:
    """Raises RuntimeError where what lies there needs a package that is not installed."""
    if uri is not None:
        require_installed(S3_PACKAGE, f"{variable}={uri}")
