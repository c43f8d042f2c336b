"""Reading rows out of a bucket: an image's description says which fragments hold them; each is fetched as a whole.

That is three round trips for a frame of an image that nothing is known of: its description, its depths, its rows.
Fetched fragments are kept decoded, the latest in memory, the others on the local disk.
"""

from __future__ import annotations

import io
import json
import threading
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from pathlib import PurePosixPath

import numpy as np
import tiledb

from app.storage.arrays import slices
from app.storage.arrays.block_cache import BlockCache
from app.storage.arrays.bucket import Bucket
from app.storage.arrays.bucket_index import Fragment, from_description, survey
from app.storage.arrays.context import ReadingContext, translated
from app.storage.arrays.layout import DEPTH, SCHEMAS, Layout
from app.storage.arrays.scratch import Scratch
from app.storage.arrays.slices import Rows
from app.storage.kept_files import KeptFiles

LATEST_BYTES = 32 * 1024 * 1024
REMEMBERED_IMAGES = 1000
REMEMBERED_SCHEMAS = 1000
SIMULTANEOUS_FETCHES = 16


class BucketReads:
    def __init__(
        self,
        bucket: Bucket,
        layout: Layout[PurePosixPath],
        scratch: Scratch,
        kept: KeptFiles,
        width: int,
    ) -> None:
        self.bucket = bucket
        self.layout = layout
        self.scratch = scratch
        self.kept = kept
        self.width = width
        self._schema = lru_cache(REMEMBERED_SCHEMAS)(bucket.get)
        self._contexts = ReadingContext()
        self._latest = BlockCache(LATEST_BYTES)
        self._images: OrderedDict[int, list[Fragment]] = OrderedDict()
        self._lock = threading.Lock()
        self._fetches = ThreadPoolExecutor(SIMULTANEOUS_FETCHES, thread_name_prefix="fragments")

    def prefetch(self, image_id: int, array: str, start: int, stop: int) -> None:
        needed = self._holding(image_id, array, start, stop)
        if len(needed) > 1:
            list(self._fetches.map(partial(self._whole, image_id), needed))

    def rows(self, image_id: int, array: str, start: int, stop: int) -> Rows:
        if array == DEPTH:
            rows = np.full(stop - start, np.nan)
        else:
            rows = np.full((stop - start, self.width), np.nan, dtype=np.float32)
        needed = self._holding(image_id, array, start, stop)
        pieces = (
            [self._whole(image_id, needed[0])]
            if len(needed) == 1
            else list(self._fetches.map(partial(self._whole, image_id), needed))
        )
        for fragment, piece in zip(needed, pieces, strict=True):
            first, last = max(start, fragment.first), min(stop, fragment.stop)
            rows[first - start : last - start] = piece[first - fragment.first : last - fragment.first]
        return rows

    def close(self) -> None:
        self._fetches.shutdown(cancel_futures=True)

    def _holding(self, image_id: int, array: str, start: int, stop: int) -> Sequence[Fragment]:
        return [
            fragment
            for fragment in self._fragments(image_id)
            if fragment.array == array and fragment.first < stop and start < fragment.stop
        ]

    def _fragments(self, image_id: int) -> list[Fragment]:
        with self._lock:
            found = self._images.get(image_id)
            if found is not None:
                self._images.move_to_end(image_id)
                return found
        text = self.bucket.find(str(self.layout.description(image_id)))
        description = json.loads(text) if text is not None else {}
        if "fragments" in description:
            found = from_description(description["fragments"])
        else:  # copied from a local disk, or erased
            found = survey(self.bucket, self.scratch, str(self.layout.shard(image_id)), image_id)
        if found:
            with self._lock:
                self._images[image_id] = found
                if len(self._images) > REMEMBERED_IMAGES:
                    self._images.popitem(last=False)
        return found

    def _whole(self, image_id: int, fragment: Fragment) -> Rows:
        """All rows of a fragment; from a file they are read only as far as they are used."""
        name = f"{fragment.array}{fragment.name}.npy"
        file = self.kept.find(name)
        if file is not None:
            try:
                kept: Rows = np.load(file, mmap_mode="r")
            except (OSError, ValueError, EOFError):
                pass  # evicted just now, or cut short with the machine
            else:
                return kept
        return self._latest.get(name, partial(self._fetch, image_id, fragment, name))

    def _fetch(self, image_id: int, fragment: Fragment, name: str) -> Rows:
        array = self.layout.array(image_id, fragment.array)

        def get(name: str) -> bytes:
            return (self._schema if name.startswith(SCHEMAS) else self.bucket.get)(str(array / name))

        objects = fragment.objects()
        contents = self.bucket.together(get, objects)
        files = dict(zip(objects, contents, strict=True)) | {fragment.commit: b""}
        with (
            self.scratch.array(files) as folder,
            translated(),
            tiledb.open(
                str(folder), timestamp=(image_id, image_id), ctx=self._contexts.for_a_read()
            ) as opened,
        ):
            rows = slices.read_rows(opened, image_id, fragment.first, fragment.stop)
        if self.kept.capacity_bytes:
            file = io.BytesIO()
            np.save(file, rows)
            self.kept.put(name, file.getvalue())
        return rows
