"""How often a bucket is asked, and what is kept of its answers."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from app.errors import StorageUnavailable
from app.storage.arrays.bucket import Bucket
from app.storage.arrays.reading import RowReader
from app.storage.arrays.store import open_store
from app.storage.arrays.writing import ImageWriter
from tests.storage.builders import depths_of, values_of, write_image
from tests.storage.stores import in_bucket

LATENCY = 0.1


@pytest.fixture
def shelf(tmp_path, s3_server):
    return in_bucket(tmp_path, s3_server)


class Traffic:
    """What is got out of buckets, each answer a moment late, as from afar."""

    def __init__(self, monkeypatch):
        self.spans = []
        self._lock = threading.Lock()
        find = Bucket.find

        def late(bucket, key):
            began = time.monotonic()
            time.sleep(LATENCY)
            content = find(bucket, key)
            with self._lock:
                self.spans.append((began, time.monotonic(), key))
            return content

        monkeypatch.setattr(Bucket, "find", late)

    @property
    def keys(self):
        return [key for _, _, key in self.spans]

    @property
    def round_trips(self):
        """The longest chain of requests, each begun when the one before had its answer."""
        rounds = []
        for began, ended, _ in sorted(self.spans):
            before = [number for number, end in rounds if end <= began]
            rounds.append((1 + max(before, default=0), ended))
        return max((number for number, _ in rounds), default=0)


@pytest.fixture
def traffic(monkeypatch):
    return Traffic(monkeypatch)


@pytest.fixture
def described(store):
    write_image(store, 7, 3000)
    store.describe(7, {"id": 7})
    return values_of(7, 3000)


def test_a_frame_of_an_image_never_seen_takes_three_round_trips(shelf, described, traffic):
    reader = RowReader(shelf.open(), 10**8)
    np.testing.assert_array_equal(reader.depths(7, 3000), depths_of(7, 3000))
    np.testing.assert_array_equal(reader.rows(7, 0, 1000, 1084), described[1000:1084])
    assert traffic.round_trips == 3
    assert (
        len(traffic.keys) == 7
    )  # the description; schema, metadata and values of the depths, and of the rows
    reader.rows(7, 0, 2000, 2084)
    assert len(traffic.keys) == 7, "the rows nearby have come along"
    reader.close()


def test_the_fragments_of_a_long_range_are_fetched_at_once(shelf, store, monkeypatch):
    writer, values = ImageWriter(store, 7), values_of(7, 8 * 300)
    for start in range(0, len(values), 300):
        writer.write_rows(3, start, values[start : start + 300])
    store.describe(7, {})
    traffic = Traffic(monkeypatch)
    reader = RowReader(shelf.open(), 10**8)
    np.testing.assert_array_equal(reader.rows(7, 3, 0, len(values)), values)
    assert len([key for key in traffic.keys if key.endswith("a0.tdb")]) == 8
    assert traffic.round_trips == 2  # the description, then all of them
    reader.close()


def test_many_who_ask_for_one_fragment_fetch_it_once(shelf, described, traffic):
    reader = RowReader(shelf.open(), 10**8)
    with ThreadPoolExecutor(6) as pool:
        frames = list(pool.map(lambda block: reader.rows(7, 0, 512 * block, 512 * block + 50), range(5)))
    for block, frame in enumerate(frames):
        np.testing.assert_array_equal(frame, described[512 * block : 512 * block + 50])
    assert len([key for key in traffic.keys if key.endswith("a0.tdb")]) == 1
    reader.close()


def test_what_was_fetched_is_kept_on_the_local_disk_for_all_processes(shelf, described, traffic):
    first = RowReader(shelf.open(), 10**8)
    first.rows(7, 0, 0, 10)
    fetched = len(traffic.keys)
    second = RowReader(shelf.open(), 10**8)
    np.testing.assert_array_equal(second.rows(7, 0, 700, 800), described[700:800])
    assert len(traffic.keys) == fetched + 1, "the description alone"


def test_a_kept_fragment_that_was_cut_short_is_fetched_again(shelf, described):
    RowReader(shelf.open(), 10**8).rows(7, 0, 0, 10)
    for kept in (shelf.settings.db_dir / "cache" / "fragments").iterdir():
        kept.write_bytes(kept.read_bytes()[:200])
    np.testing.assert_array_equal(RowReader(shelf.open(), 10**8).rows(7, 0, 700, 800), described[700:800])
    for kept in (shelf.settings.db_dir / "cache" / "fragments").iterdir():
        kept.write_bytes(b"")
    np.testing.assert_array_equal(RowReader(shelf.open(), 10**8).rows(7, 0, 700, 800), described[700:800])


def test_without_room_on_the_local_disk_nothing_is_kept_there(shelf, described):
    settings = shelf.settings.model_copy(update={"storage_cache_bytes": 0})
    store = open_store(settings)
    np.testing.assert_array_equal(RowReader(store, 10**8).rows(7, 0, 700, 800), described[700:800])
    assert not (settings.db_dir / "cache" / "fragments").exists()


def test_a_disk_without_room_for_what_was_fetched_is_told_as_storage(shelf, described):
    store = shelf.open()
    store.scratch.folder = shelf.settings.data_dir
    shelf.settings.data_dir.write_text("a file, not a folder")
    with pytest.raises(StorageUnavailable, match="does not take"):
        RowReader(store, 10**8).rows(7, 0, 0, 10)


def test_only_so_many_images_are_remembered(shelf, store, traffic, monkeypatch):
    monkeypatch.setattr("app.storage.arrays.bucket_reads.REMEMBERED_IMAGES", 1)
    for image_id in (1, 2):
        write_image(store, image_id, 40)
        store.describe(image_id, {})
    reader = RowReader(store, 0)
    for image_id in (1, 1, 2, 1):
        reader.rows(image_id, 0, 0, 10)
    asked = [key for key in traffic.keys if key.endswith(".json")]
    assert asked == ["shard-00000/1.json", "shard-00000/2.json", "shard-00000/1.json"]
    reader.close()
