"""Buckets that files come from."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # boto3 is for those who have a bucket
    from app.storage.arrays.bucket import Bucket

SCHEME = "s3://"


@lru_cache(maxsize=8)
def bucket_at(uri: str) -> Bucket:
    """Raises StorageUnavailable."""
    from app.storage.arrays.bucket import Bucket

    return Bucket(uri)
