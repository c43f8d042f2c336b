"""What is particular to a folder on a disk."""

import shutil
import threading

import numpy as np
import pytest
import tiledb

from app.errors import StorageUnavailable
from app.storage.arrays import local_store
from app.storage.arrays.local_store import LocalStore
from app.storage.arrays.reading import RowReader
from app.storage.arrays.writing import ImageWriter
from tests.builders import eventually
from tests.storage.builders import write_image


@pytest.fixture
def store(tmp_path):
    return LocalStore(tmp_path / "arrays")


def files_of(store, image_id):
    return list(store.layout.root.glob(f"*/*/*/__{image_id}_{image_id}_*"))


def test_a_shard_is_not_there_before_it_is_whole(store, monkeypatch):
    seen = []
    make = local_store.make_shard

    def watched(folder, width):
        make(folder, width)
        seen.append(store.layout.shard(1).exists())

    monkeypatch.setattr(local_store, "make_shard", watched)
    store.prepare(1)
    assert seen == [False]
    assert store.layout.shard(1).exists()


@pytest.mark.parametrize("error", [tiledb.TileDBError("no space"), OSError("no space")])
def test_a_shard_that_could_not_be_made_leaves_nothing_behind(store, monkeypatch, error):
    create = tiledb.Array.create

    def full_after_three(path, *arguments, **options):
        if path.endswith("level-3"):
            raise error
        create(path, *arguments, **options)

    monkeypatch.setattr(tiledb.Array, "create", full_after_three)
    with pytest.raises((StorageUnavailable, OSError), match="no space"):
        store.prepare(1)
    assert list(store.layout.root.iterdir()) == []
    monkeypatch.undo()
    store.prepare(1)
    assert store.layout.depth(1).exists()


def test_a_store_that_cannot_be_made_is_told_with_its_path(tmp_path):
    (tmp_path / "arrays").write_text("a file, not a folder")
    with pytest.raises(OSError, match="arrays"):
        ImageWriter(LocalStore(tmp_path / "arrays"), 1)
    with pytest.raises(StorageUnavailable, match="arrays"):
        LocalStore(tmp_path / "arrays").check()


def test_no_more_than_two_reads_are_at_the_disk_at_once(store, monkeypatch):
    write_image(store, 1, 8 * 512)
    reader = RowReader(store, 10**8)
    at_the_disk, most, gate = [], [], threading.Event()
    opened = local_store.Handles.open

    def watched(handles, path, image_id):
        at_the_disk.append(path)
        most.append(len(at_the_disk))
        gate.wait(20)
        at_the_disk.pop()
        return opened(handles, path, image_id)

    monkeypatch.setattr(local_store.Handles, "open", watched)
    threads = [
        threading.Thread(target=reader.rows, args=(1, 0, block * 512, block * 512 + 1)) for block in range(6)
    ]
    for thread in threads:
        thread.start()
    eventually(lambda: len(at_the_disk) == 2 and reader.cache.misses == 6, "two reads, four that wait")
    gate.set()
    for thread in threads:
        thread.join(30)
    assert max(most) == 2
    assert len(most) == 6
    reader.close()


def test_a_draft_of_its_description_goes_with_an_image(store):
    write_image(store, 7)
    draft = store.layout.description_draft(7)
    draft.write_text("{")
    store.erase(7)
    assert not draft.exists()


def test_an_erase_that_was_cut_short_shows_no_part_of_the_image_and_can_be_finished(store, monkeypatch):
    def dies(*_arguments, **_options):
        raise KeyboardInterrupt

    write_image(store, 7, 300)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(shutil, "rmtree", dies)
        store.erase(7)
    assert files_of(store, 7)
    assert np.isnan(RowReader(store, 10**8).rows(7, 0, 0, 300)).all()
    store.erase(7)
    assert files_of(store, 7) == []


def test_a_fragment_that_the_disk_refuses_to_give_up_is_told(store, monkeypatch):
    def refuses(*_arguments, **_options):
        raise PermissionError("read-only file system")

    write_image(store, 7, 300)
    with monkeypatch.context() as patch, pytest.raises(PermissionError):
        patch.setattr("os.rmdir", refuses)
        store.erase(7)
    store.erase(7)
    assert files_of(store, 7) == []
