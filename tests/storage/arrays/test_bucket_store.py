"""What is particular to a store in a bucket."""

import json
import shutil
import threading

import numpy as np
import pytest

from app.errors import StorageUnavailable
from app.storage.arrays.bucket import Bucket
from app.storage.arrays.local_store import LocalStore
from app.storage.arrays.reading import RowReader
from app.storage.arrays.writing import ImageWriter
from tests.storage.builders import depths_of, values_of, write_image
from tests.storage.processes import prepare_shard, run_side_by_side
from tests.storage.stores import in_bucket


@pytest.fixture
def shelf(tmp_path, s3_server):
    return in_bucket(tmp_path, s3_server)


def rows_of(store, image_id, rows):
    reader = RowReader(store, 10**8)
    values = reader.rows(image_id, 0, 0, rows)
    reader.close()
    return values


def test_processes_that_make_one_shard_at_once_make_it_once(shelf):
    assert run_side_by_side(prepare_shard, (shelf.settings, 1), (shelf.settings, 2)) == [0, 0]
    assert len(shelf.names()) == 13
    write_image(shelf.open(), 1, 40)
    np.testing.assert_array_equal(rows_of(shelf.open(), 1, 40), values_of(1, 40))


def test_a_shard_that_was_left_half_made_is_made_whole_by_the_next(shelf, monkeypatch):
    put, done = Bucket.put, []

    def dies_after_three(bucket, key, content):
        done.append(key)
        if len(done) > 3:
            raise StorageUnavailable("gone")
        put(bucket, key, content)

    with monkeypatch.context() as patch, pytest.raises(StorageUnavailable):
        patch.setattr(Bucket, "put", dies_after_three)
        shelf.open().prepare(1)
    assert 0 < len(shelf.names()) < 13
    write_image(shelf.open(), 1, 40)
    np.testing.assert_array_equal(rows_of(shelf.open(), 1, 40), values_of(1, 40))


def test_a_fragment_is_committed_only_once_its_files_are_there(shelf, store, monkeypatch):
    put, lock, order = Bucket.put, threading.Lock(), []

    def watched(bucket, key, content):
        put(bucket, key, content)
        with lock:
            order.append(key)

    writer = ImageWriter(store, 5)
    monkeypatch.setattr(Bucket, "put", watched)
    writer.write_rows(0, 0, values_of(5, 20_000))
    kinds = ["commit" if "__commits" in key else "file" for key in order]
    assert kinds == ["file"] * 4 + ["commit"] * 2


def test_a_write_that_broke_off_before_its_commit_shows_nothing_and_is_erased(shelf, store, monkeypatch):
    put = Bucket.put

    def breaks_off(bucket, key, content):
        if "__commits" in key:
            raise StorageUnavailable("gone")
        put(bucket, key, content)

    writer = ImageWriter(store, 5)
    empty = shelf.names()
    with monkeypatch.context() as patch, pytest.raises(StorageUnavailable):
        patch.setattr(Bucket, "put", breaks_off)
        writer.write_rows(0, 0, values_of(5, 600))
    assert shelf.names() != empty
    assert np.isnan(rows_of(shelf.open(), 5, 600)).all()
    store.erase(5)
    assert shelf.names() == empty


def test_a_long_image_is_cut_so_that_a_frame_fetches_little(shelf, store):
    values = values_of(5, 40_000)
    ImageWriter(store, 5).write_rows(0, 10_000, values[10_000:])
    store.describe(5, {})
    described = json.loads(shelf.files.description(5).read_text())["fragments"]
    ranges = sorted((each["first"], each["stop"]) for each in described)
    assert ranges == [(10_000, 16_384), (16_384, 32_768), (32_768, 40_000)]
    np.testing.assert_array_equal(rows_of(store, 5, 40_000)[10_000:], values[10_000:])


def test_objects_that_stand_for_folders_are_no_files(shelf, store, monkeypatch):
    """Some tools that copy make them."""
    write_image(store, 1, 600)
    sizes = Bucket.sizes

    def with_folders(bucket, prefix):
        found = sizes(bucket, prefix)
        return found | {f"{key.rsplit('/', 1)[0]}/": 0 for key in found}

    monkeypatch.setattr(Bucket, "sizes", with_folders)
    np.testing.assert_array_equal(rows_of(store, 1, 600), values_of(1, 600))


def test_the_depths_of_a_long_image_are_one_object_as_every_frame_needs_them_all(shelf, store):
    ImageWriter(store, 5).write_depths(0, depths_of(5, 131_072))
    store.describe(5, {})
    (described,) = json.loads(shelf.files.description(5).read_text())["fragments"]
    assert (described["array"], described["first"], described["stop"]) == ("depth", 0, 131_072)


def test_a_store_copied_from_a_local_disk_is_read_and_written_on(shelf, store, tmp_path):
    local = LocalStore(tmp_path / "local")
    writer, values = ImageWriter(local, 1), values_of(1, 900)
    for start in (0, 300, 600):
        writer.write_rows(0, start, values[start : start + 300])
    writer.write_depths(0, depths_of(1, 900))
    local.describe(1, {"id": 1})
    shutil.copytree(local.layout.root, shelf.files.root, dirs_exist_ok=True)
    np.testing.assert_array_equal(rows_of(store, 1, 900), values)
    assert local.bytes_of(1) == store.bytes_of(1)
    write_image(store, 2, 600)
    np.testing.assert_array_equal(rows_of(store, 2, 600), values_of(2, 600))
    np.testing.assert_array_equal(rows_of(shelf.open(), 1, 900), values)
