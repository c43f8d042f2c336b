"""What holds of a store of either kind, as a whole."""

import json
import threading

import pytest
import tiledb

from app.errors import StorageUnavailable
from app.storage.arrays.local_store import LocalStore
from app.storage.arrays.store import open_store, require_package
from tests.builders import settings_in
from tests.storage.builders import write_image


def test_without_a_uri_the_arrays_lie_in_the_db_folder(tmp_path):
    store = open_store(settings_in(tmp_path))
    assert isinstance(store, LocalStore)
    assert store.layout.root == tmp_path / "db" / "arrays"


def test_a_package_that_is_missing_is_told_before_anything_starts(monkeypatch):
    monkeypatch.setattr("app.storage.arrays.store.S3_PACKAGE", "no_such_package")
    require_package(None)
    with pytest.raises(RuntimeError, match=r"needs no_such_package.*requirements-cluster\.txt"):
        require_package("s3://wells")


def test_threads_that_make_one_shard_at_once_leave_one_whole_shard(shelf):
    barrier = threading.Barrier(4)
    failures = []

    def make():
        store = shelf.open()
        barrier.wait(20)
        try:
            store.prepare(1)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not failures
    assert [folder.name for folder in shelf.files.root.iterdir()] == ["shard-00000"]
    assert all(tiledb.array_exists(str(array)) for array in shelf.files.arrays(1))


def test_a_shard_that_is_there_is_left_as_it_is(shelf, store):
    write_image(store, 1)
    before = {name: (shelf.files.root / name).stat().st_mtime_ns for name in shelf.names()}
    shelf.open().prepare(2)
    assert {name: (shelf.files.root / name).stat().st_mtime_ns for name in shelf.names()} == before


def test_a_description_is_replaced_as_a_whole(store, files):
    store.prepare(7)
    store.describe(7, {"name": "a.csv", "rows": 600})
    with pytest.raises(TypeError):
        store.describe(7, {"name": "b.csv", "rows": object()})
    assert json.loads(files.description(7).read_text()).items() >= {"name": "a.csv", "rows": 600}.items()
    store.describe(7, {"name": "c.csv"})
    assert json.loads(files.description(7).read_text())["name"] == "c.csv"


def test_an_empty_store_is_well(store):
    store.check()


def test_a_store_that_is_away_says_so_and_is_well_again_once_it_is_back(shelf, store):
    write_image(store, 1, 40)
    store.check()
    if shelf.server is not None:
        with shelf.away(), pytest.raises(StorageUnavailable, match="does not answer"):
            store.check()
    store.check()


def test_what_was_begun_and_left_on_this_machine_is_swept(shelf, store):
    write_image(store, 1, 40)
    before = shelf.names()
    drafts = shelf.files.root if shelf.server is None else shelf.settings.db_dir / "cache" / "scratch"
    (drafts / ".draft-of-the-dead").mkdir()
    store.sweep_drafts(3600.0)
    assert (drafts / ".draft-of-the-dead").exists()
    store.sweep_drafts(0.0)
    assert not (drafts / ".draft-of-the-dead").exists()
    assert shelf.names() == before


def test_picks_are_kept_beside_an_image_and_go_with_it(shelf, store, files):
    write_image(store, 7)
    without = shelf.names()
    store.keep_picks(7, [{"depth": 1.5}])
    store.keep_picks(7, [{"depth": 2.5}])
    assert json.loads(files.picks(7).read_text()) == [{"depth": 2.5}]
    store.drop_picks(7)
    store.drop_picks(7)
    assert shelf.names() == without
    store.keep_picks(7, [])
    store.erase(7)
    assert not files.picks(7).exists()


def test_the_highest_image_is_found_whatever_lies_there_of_it(store):
    assert store.highest_image_id() == 0
    store.prepare(5)
    store.prepare(250)
    assert store.highest_image_id() == 0
    write_image(store, 7)
    assert store.highest_image_id() == 7
    store.keep_picks(9, [])
    assert store.highest_image_id() == 9
    write_image(store, 201)
    assert store.highest_image_id() == 201
