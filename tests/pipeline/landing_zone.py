"""What tests of the landing zone do with it."""

from __future__ import annotations

from app.pipeline.uploads import Upload
from app.pipeline.workplace import Workplace
from app.storage.arrays.bucket import Bucket


def names(bucket: Bucket) -> set[str]:
    return set(bucket.sizes(""))


def upload(place: Workplace, name: str, content: bytes) -> int:
    """The id of its job."""
    with Upload(place, name) as taken:
        taken.write(content)
        return taken.finish()
