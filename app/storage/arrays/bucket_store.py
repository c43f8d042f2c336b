"""The arrays in a bucket: object by object what a local store would hold, file by file.

TileDB writes every fragment on the local disk, from where its files go into the bucket, the commit last; and it
reads fragments that were fetched from there. Its own way to S3 makes some ten requests, one after the other, before
the first row of an array; this way they go out at once. Plain TileDB opens what lies in the bucket all the same.
"""

from __future__ import annotations

import functools
import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from app.storage.arrays import slices
from app.storage.arrays.bucket import Bucket
from app.storage.arrays.bucket_index import as_description, survey
from app.storage.arrays.bucket_reads import BucketReads
from app.storage.arrays.inventory import image_id_in
from app.storage.arrays.layout import (
    ARRAYS,
    COMMITS,
    DEPTH,
    FRAGMENTS,
    SCHEMAS,
    SHARD_PREFIX,
    Layout,
    fragment_prefix,
    level_name,
)
from app.storage.arrays.schemas import make_shard
from app.storage.arrays.scratch import Scratch
from app.storage.arrays.slices import Rows
from app.storage.kept_files import KeptFiles

FRAGMENT_BYTES = 16_384 * 150 * 4
"""Of decoded values. A fragment is fetched as a whole: 16,384 rows of 150, which compress to about 4 MB."""

GROUP_MARK = "__tiledb_group.tdb"
GROUP_DETAILS = "__group"
FIRST_NAME = f"__1_1_{1:032x}"
"""Of every shard's first schemas, whoever makes it: who makes it a second time writes the same."""


class BucketStore:
    def __init__(self, uri: str, cache_folder: Path, cache_bytes: int, width: int) -> None:
        """cache_folder: on the local disk, where at most `cache_bytes` of fetched rows are kept."""
        self.bucket = Bucket(uri)
        self.width = width
        self.layout = Layout(PurePosixPath())
        self.scratch = Scratch(cache_folder / "scratch")
        self.kept = KeptFiles(cache_folder / "fragments", cache_bytes)
        self._prepared: set[str] = set()

    def prepare(self, image_id: int) -> None:
        """The schemas are put one by one, the last of them last: where it is missing they are put again."""
        shard = str(self.layout.shard(image_id))
        if shard in self._prepared:
            return
        if not self.bucket.has(f"{shard}/{_last_of_shard()}"):
            files = dict(shard_files(self.width))
            if self.bucket.has(f"{shard}/{GROUP_MARK}"):  # copied from a local disk
                files = {name: content for name, content in files.items() if SCHEMAS in name}
            last = files.pop(_last_of_shard())
            self.bucket.together(lambda file: self.bucket.put(f"{shard}/{file[0]}", file[1]), files.items())
            self.bucket.put(f"{shard}/{_last_of_shard()}", last)
        self._prepared.add(shard)

    def write(self, image_id: int, array: str, start: int, values: Rows) -> None:
        schema = f"{SCHEMAS}/{FIRST_NAME}"
        target = self.layout.array(image_id, array)
        with self.scratch.array({schema: shard_files(self.width)[f"{array}/{schema}"]}) as folder:
            for first, stop in _pieces(start, start + len(values), FRAGMENT_BYTES // values[0].nbytes):
                slices.write_rows(folder, image_id, first, values[first - start : stop - start])

            def put(file: Path) -> None:
                self.bucket.put(str(target / file.relative_to(folder)), file.read_bytes())

            self.bucket.together(put, (folder / FRAGMENTS).glob("*/*"))
            self.bucket.together(put, (folder / COMMITS).iterdir())

    def describe(self, image_id: int, description: Mapping[str, Any]) -> None:
        """With what holds the image's rows, so that a reader need not look for it."""
        fragments = survey(self.bucket, self.scratch, str(self.layout.shard(image_id)), image_id)
        text = json.dumps({**description, "fragments": as_description(fragments)}, indent=1)
        self.bucket.put(str(self.layout.description(image_id)), text.encode())

    def keep_picks(self, image_id: int, picks: Sequence[Mapping[str, Any]]) -> None:
        self.bucket.put(str(self.layout.picks(image_id)), json.dumps(picks, indent=1).encode())

    def drop_picks(self, image_id: int) -> None:
        self.bucket.delete([str(self.layout.picks(image_id))])

    def highest_image_id(self) -> int:
        for shard in sorted(self.bucket.folders(SHARD_PREFIX), reverse=True):
            names = self.bucket.sizes(f"{shard}/")
            found = [image_id for name in names if (image_id := image_id_in(name)) is not None]
            if found:
                return max(found)
        return 0

    def erase(self, image_id: int) -> None:
        for part in (COMMITS, FRAGMENTS):
            self.bucket.delete(self._sizes(image_id, part))
        self.bucket.delete([str(self.layout.description(image_id)), str(self.layout.picks(image_id))])

    def bytes_of(self, image_id: int) -> tuple[int, int]:
        sizes = self._sizes(image_id, FRAGMENTS)
        of_rows = (level_name(0), DEPTH)
        rows = sum(size for name, size in sizes.items() if PurePosixPath(name).parts[1] in of_rows)
        return rows, sum(sizes.values()) - rows

    def sweep_drafts(self, older_than_seconds: float) -> None:
        self.scratch.sweep(older_than_seconds)

    def check(self) -> None:
        self.bucket.has("")

    def reads(self) -> BucketReads:
        return BucketReads(self.bucket, self.layout, self.scratch, self.kept, self.width)

    def _sizes(self, image_id: int, part: str) -> dict[str, int]:
        """Of all the image's objects below this folder of its arrays, committed or not."""
        prefixes = [f"{array}/{part}/{fragment_prefix(image_id)}" for array in self.layout.arrays(image_id)]
        found: dict[str, int] = {}
        for sizes in self.bucket.together(self.bucket.sizes, prefixes):
            found |= sizes
        return found


@functools.cache
def shard_files(width: int) -> Mapping[str, bytes]:
    """What an empty shard consists of, by name in it."""
    with tempfile.TemporaryDirectory() as folder:
        shard = Path(folder) / "shard"
        make_shard(shard, width)
        files = {
            GROUP_MARK: b"",
            f"{GROUP_DETAILS}/{FIRST_NAME}_2": next((shard / GROUP_DETAILS).iterdir()).read_bytes(),
        }
        for array in ARRAYS:
            schema = next(file for file in (shard / array / SCHEMAS).iterdir() if file.is_file())
            files[f"{array}/{SCHEMAS}/{FIRST_NAME}"] = schema.read_bytes()
    return files


def _last_of_shard() -> str:
    return f"{DEPTH}/{SCHEMAS}/{FIRST_NAME}"


def _pieces(start: int, stop: int, rows: int) -> list[tuple[int, int]]:
    """The rows start … stop − 1 cut at the multiples of `rows`."""
    cuts = range(start - start % rows + rows, stop, rows)
    return list(zip([start, *cuts], [*cuts, stop], strict=True))
