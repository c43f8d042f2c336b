"""Buckets that files come from."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # boto3 is for those who have a bucket
    from app.storage.arrays.bucket import Bucket

SCHEME = "s3://"


def split_uri(uri: str) -> tuple[str, str]:
    """The bucket's own URI, and the key: `s3://bucket/a/b` is `s3://bucket` and `a/b`."""
    bucket, _, key = uri.removeprefix(SCHEME).partition("/")
    return SCHEME + bucket, key


@lru_cache(maxsize=8)
def bucket_at(uri: str) -> Bucket:
    """Raises StorageUnavailable."""
    from app.storage.arrays.bucket import Bucket

    return Bucket(uri)
