import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tiledb

from app.errors import StorageUnavailable
from app.storage.arrays import context as context_module
from app.storage.arrays import handles as handles_module
from app.storage.arrays.handles import Handles
from app.storage.arrays.local_store import LocalStore
from tests.storage.builders import write_image


@pytest.fixture
def store(tmp_path):
    return LocalStore(tmp_path / "arrays")


@pytest.fixture
def layout(store):
    return store.layout


@pytest.fixture
def opened(store, monkeypatch):
    """Images 1 to 4, and every array that was opened since."""
    for image_id in (1, 2, 3, 4):
        write_image(store, image_id, 10)
    arrays = []
    tiledb_open = tiledb.open

    def watched(*arguments, **options):
        arrays.append(tiledb_open(*arguments, **options))
        return arrays[-1]

    monkeypatch.setattr(handles_module.tiledb, "open", watched)
    return arrays


def read(handles, layout, image_id):
    with handles.open(layout.level(image_id, 0), image_id) as array:
        return array


def test_an_array_is_opened_once_and_kept_for_the_next_read(layout, opened):
    handles = Handles()
    assert read(handles, layout, 1) is read(handles, layout, 1)
    assert read(handles, layout, 2) is not read(handles, layout, 1)
    assert len(opened) == 2
    assert all(array.isopen for array in opened)
    handles.close()
    assert not any(array.isopen for array in opened)


def test_only_so_many_stay_open_and_the_least_recently_used_close_first(layout, opened):
    handles = Handles(kept=2)
    first, second = read(handles, layout, 1), read(handles, layout, 2)
    read(handles, layout, 1)
    third = read(handles, layout, 3)
    assert [array.isopen for array in (first, second, third)] == [True, False, True]
    handles.close()


def test_an_array_in_use_is_closed_by_its_last_reader_only(layout, opened):
    handles = Handles(kept=1)
    path = layout.level(1, 0)
    with handles.open(path, 1) as array:
        with handles.open(path, 1) as same:
            assert same is array
            read(handles, layout, 2)
            read(handles, layout, 3)
        assert array.isopen
        assert not np.isnan(array[1, 0:10, :]["value"]).any()
    assert not array.isopen
    handles.close()


def test_closing_waits_for_who_still_reads(layout, opened):
    handles = Handles()
    with handles.open(layout.level(1, 0), 1) as array:
        handles.close()
        assert array.isopen
    assert not array.isopen
    assert read(handles, layout, 1).isopen
    handles.close()


def test_with_room_for_none_an_array_lives_as_long_as_its_read(layout, opened):
    handles = Handles(kept=0)
    with handles.open(layout.level(1, 0), 1) as array:
        assert array.isopen
    assert not array.isopen


@pytest.mark.parametrize("second_is_in_use", [True, False])
def test_two_that_open_one_array_at_once_leave_one_open(layout, opened, monkeypatch, second_is_in_use):
    both = threading.Barrier(2)
    watched = handles_module.tiledb.open

    def together(*arguments, **options):
        array = watched(*arguments, **options)
        both.wait(20)
        return array

    monkeypatch.setattr(handles_module.tiledb, "open", together)
    handles = Handles()
    done = threading.Barrier(2)

    def use():
        with handles.open(layout.level(1, 0), 1) as array:
            if second_is_in_use:
                done.wait(20)
            assert not np.isnan(array[1, 0:10, :]["value"]).any()

    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(use), pool.submit(use)]:
            future.result(20)
    assert sorted(array.isopen for array in opened) == [False, True]
    handles.close()
    assert not any(array.isopen for array in opened)


def test_an_array_that_cannot_be_opened_is_told_and_tried_anew(layout, opened):
    handles = Handles()
    away = layout.root.rename(layout.root.with_name("away"))
    with pytest.raises(StorageUnavailable, match="does not answer"):
        read(handles, layout, 1)
    away.rename(layout.root)
    assert read(handles, layout, 1).isopen
    handles.close()


def test_an_error_of_a_read_is_told_and_the_handle_released(layout, opened):
    handles = Handles(kept=1)
    with pytest.raises(StorageUnavailable), handles.open(layout.level(1, 0), 1):
        raise tiledb.TileDBError("a fragment is gone")
    with pytest.raises(ZeroDivisionError), handles.open(layout.level(1, 0), 1) as array:
        _ = 1 / 0
    read(handles, layout, 2)
    assert not array.isopen
    handles.close()


def test_a_context_is_replaced_before_what_it_keeps_of_its_reads_is_much(layout, opened, monkeypatch):
    monkeypatch.setattr(context_module, "READS_PER_CONTEXT", 3)
    handles = Handles()
    seen = []
    with handles.open(layout.level(1, 0), 1) as held:
        for _ in range(5):
            with handles.open(layout.level(2, 0), 2) as array:
                seen.append(array)
        assert len({id(array) for array in seen}) == 2
        assert not seen[0].isopen
        assert held.isopen, "who reads is not disturbed"
        assert held[1, 0:10]["value"].shape == (10, 150)
    assert not held.isopen
    handles.close()
    assert not seen[-1].isopen
