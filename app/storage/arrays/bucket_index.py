"""Which objects of a bucket hold which rows of an image."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import tiledb

from app.storage.arrays.bucket import Bucket
from app.storage.arrays.context import context, translated
from app.storage.arrays.layout import ARRAYS, COMMITS, FRAGMENTS, SCHEMAS, fragment_prefix
from app.storage.arrays.scratch import Scratch

COMMIT_SUFFIX = ".wrt"
METADATA = "__fragment_metadata.tdb"


@dataclass(frozen=True)
class Fragment:
    """The rows first … stop − 1 of the array `array`; the names of the fragment's files and of its schemas."""

    array: str
    name: str
    first: int
    stop: int
    files: tuple[str, ...]
    schemas: tuple[str, ...]

    def objects(self) -> list[str]:
        """What has to be fetched to read it, by name in the array."""
        return [f"{SCHEMAS}/{name}" for name in self.schemas] + [
            f"{FRAGMENTS}/{self.name}/{name}" for name in self.files
        ]

    @property
    def commit(self) -> str:
        return f"{COMMITS}/{self.name}{COMMIT_SUFFIX}"


def as_description(fragments: list[Fragment]) -> list[dict[str, Any]]:
    return [asdict(fragment) for fragment in fragments]


def from_description(described: list[dict[str, Any]]) -> list[Fragment]:
    return [
        Fragment(**(each | {"files": tuple(each["files"]), "schemas": tuple(each["schemas"])}))
        for each in described
    ]


def survey(bucket: Bucket, scratch: Scratch, shard: str, image_id: int) -> list[Fragment]:
    """The committed fragments of an image, as the bucket itself has them. Raises StorageUnavailable."""
    prefixes = {
        array: (
            f"{SCHEMAS}/",
            f"{COMMITS}/{fragment_prefix(image_id)}",
            f"{FRAGMENTS}/{fragment_prefix(image_id)}",
        )
        for array in ARRAYS
    }
    names = [f"{shard}/{array}/{prefix}" for array in ARRAYS for prefix in prefixes[array]]
    listed = dict(zip(names, bucket.together(bucket.sizes, names), strict=True))
    found: list[Fragment] = []
    for array in ARRAYS:
        schemas, commits, files = (
            [name.removeprefix(f"{shard}/{array}/") for name in listed[f"{shard}/{array}/{prefix}"]]
            for prefix in prefixes[array]
        )
        if commits:
            found.extend(_fragments(bucket, scratch, f"{shard}/{array}", schemas, commits, files))
    return found


def _fragments(
    bucket: Bucket, scratch: Scratch, array: str, schemas: list[str], commits: list[str], files: list[str]
) -> Iterator[Fragment]:
    """TileDB itself says which rows they hold, from their metadata."""
    schemas = [name for name in schemas if name.count("/") == 1]
    metadata = [name for name in files if name.endswith(METADATA)]
    needed = [*schemas, *metadata]
    contents = bucket.together(lambda name: bucket.get(f"{array}/{name}"), needed)
    committed = dict.fromkeys(commits, b"")
    with scratch.array(dict(zip(needed, contents, strict=True)) | committed) as folder, translated():
        for info in tiledb.array_fragments(str(folder), ctx=context()):
            name = info.uri.rsplit("/", 1)[1]
            first, last = info.nonempty_domain[1]
            yield Fragment(
                array=array.rsplit("/", 1)[1],
                name=name,
                first=int(first),
                stop=int(last) + 1,
                files=tuple(
                    file.rsplit("/", 1)[1] for file in files if file.startswith(f"{FRAGMENTS}/{name}/")
                ),
                schemas=tuple(schema.rsplit("/", 1)[1] for schema in schemas),
            )
