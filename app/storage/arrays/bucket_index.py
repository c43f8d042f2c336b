"""Which objects of a bucket hold which rows of an image."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
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
    mine = fragment_prefix(image_id)
    prefixes = [
        f"{shard}/{array}/{prefix}"
        for array in ARRAYS
        for prefix in (f"{SCHEMAS}/", f"{COMMITS}/{mine}", f"{FRAGMENTS}/{mine}")
    ]
    names: dict[str, list[str]] = {array: [] for array in ARRAYS}
    for listed in bucket.together(bucket.sizes, prefixes):
        for key in listed:
            array, name = key.removeprefix(f"{shard}/").split("/", 1)
            if not name.endswith("/"):  # a folder, as some tools make them
                names[array].append(name)
    written = {array: found for array, found in names.items() if _starting(found, COMMITS)}
    needed = [(array, name) for array, found in written.items() for name in found if _tells_of_rows(name)]
    contents = bucket.together(lambda each: bucket.get(f"{shard}/{each[0]}/{each[1]}"), needed)
    files = dict(zip(needed, contents, strict=True))
    fragments: list[Fragment] = []
    for array, found in written.items():
        beginnings = {name: files[array, name] for name in found if _tells_of_rows(name)}
        with scratch.array(beginnings | dict.fromkeys(_starting(found, COMMITS), b"")) as folder:
            fragments.extend(_fragments(folder, array, found))
    return fragments


def _fragments(folder: Path, array: str, names: list[str]) -> Iterator[Fragment]:
    """TileDB itself says which rows they hold, from their metadata in `folder`."""
    schemas = tuple(_last_part(name) for name in _starting(names, SCHEMAS))
    with translated():
        for info in tiledb.array_fragments(str(folder), ctx=context()):
            name = _last_part(info.uri)
            first, last = info.nonempty_domain[1]
            files = tuple(_last_part(file) for file in _starting(names, f"{FRAGMENTS}/{name}"))
            yield Fragment(array, name, int(first), int(last) + 1, files, schemas)


def _tells_of_rows(name: str) -> bool:
    return name.startswith(f"{SCHEMAS}/") or name.endswith(f"/{METADATA}")


def _starting(names: list[str], folder: str) -> list[str]:
    return [name for name in names if name.startswith(f"{folder}/")]


def _last_part(name: str) -> str:
    return name.rsplit("/", 1)[1]
