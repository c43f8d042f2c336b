import resource
import signal
import threading

import numpy as np
import pytest
import tiledb

from app.errors import StorageUnavailable
from app.storage.arrays.reading import RowReader
from app.storage.arrays.writing import ImageWriter
from tests.storage.builders import values_of, write_image
from tests.storage.processes import die_in_mid_write, run_side_by_side, write_range


def stored_rows(store, image_id, rows, level=0):
    return RowReader(store, 10**8).rows(image_id, level, 0, rows)


def test_rows_come_back_with_their_very_bits(store):
    values = values_of(3, 1000)
    values[::7, ::11] = np.nan
    values[5] = np.nan
    values[0, :4] = [0.0, -0.0, np.finfo(np.float32).max, np.finfo(np.float32).tiny]
    ImageWriter(store, 3).write_rows(0, 0, values)
    assert stored_rows(store, 3, 1000).tobytes() == values.tobytes()


def test_row_ranges_may_be_written_in_any_order_and_need_not_fill_tiles(store):
    values = values_of(3, 1000)
    writer = ImageWriter(store, 3)
    for start, stop in [(700, 1000), (0, 100), (100, 700)]:
        writer.write_rows(0, start, values[start:stop])
        writer.write_depths(start, np.arange(start, stop, dtype=float))
    np.testing.assert_array_equal(stored_rows(store, 3, 1000), values)
    np.testing.assert_array_equal(RowReader(store, 10**8).depths(3, 1000), np.arange(1000))


def test_levels_are_apart_from_each_other(store):
    writer = ImageWriter(store, 3)
    for level in range(10):
        writer.write_rows(level, 0, np.full((5, 150), level, dtype=np.float32))
    for level in range(10):
        assert (stored_rows(store, 3, 5, level) == level).all()


def test_everything_of_an_image_is_written_at_the_timestamp_that_is_its_id(store, files):
    write_image(store, 7)
    for array in (files.level(7, 0), files.level(7, 1), files.depth(7)):
        ranges = [tuple(info.timestamp_range) for info in tiledb.array_fragments(str(array))]
        assert ranges == [(7, 7)]


def test_two_processes_write_row_ranges_of_one_image_at_once(shelf, store):
    rows = 2 * 16_384
    codes = run_side_by_side(
        write_range,
        (shelf.settings, 5, rows, 0, rows // 2),
        (shelf.settings, 5, rows, rows // 2, rows),
    )
    assert codes == [0, 0]
    np.testing.assert_array_equal(stored_rows(store, 5, rows), values_of(5, rows))


def test_threads_write_row_ranges_of_several_images_at_once(store):
    barrier = threading.Barrier(6)

    def write(image_id, start):
        barrier.wait(20)
        ImageWriter(store, image_id).write_rows(0, start, values_of(image_id, 900)[start : start + 300])

    threads = [
        threading.Thread(target=write, args=(image_id, start))
        for image_id in (99, 100)
        for start in (0, 300, 600)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    for image_id in (99, 100):
        np.testing.assert_array_equal(stored_rows(store, image_id, 900), values_of(image_id, 900))


def test_a_write_that_was_killed_leaves_nothing_visible_and_can_be_erased(shelf, store, files):
    neighbour = write_image(store, 4)
    assert run_side_by_side(die_in_mid_write, (shelf.settings, 5)) == [-signal.SIGXFSZ]
    fragments = files.level(5, 0) / "__fragments"
    written = fragments if shelf.server is None else shelf.settings.db_dir / "cache" / "scratch"
    assert len(list(written.rglob("__5_5_*"))) == 1, "it died before it wrote anything"
    assert np.isnan(stored_rows(store, 5, 1000)).all()
    with tiledb.open(str(files.level(5, 0))) as array:
        assert np.isnan(array[5, 0:1000, :]["value"]).all()
    np.testing.assert_array_equal(stored_rows(store, 4, 600), neighbour)
    store.erase(5)
    assert not list(fragments.glob("__5_5_*"))


def test_a_disk_that_is_full_is_told_as_such_and_leaves_nothing_visible(store):
    writer = ImageWriter(store, 5)
    noise = np.random.default_rng(0).normal(size=(16_384, 150)).astype(np.float32)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**19, limits[1]))
    try:
        with pytest.raises(StorageUnavailable, match="array storage"):
            writer.write_rows(0, 0, noise)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert np.isnan(stored_rows(store, 5, 1000)).all()


def test_arrays_that_went_away_are_told_as_such(shelf, store):
    writer = ImageWriter(store, 5)
    with shelf.away():
        with pytest.raises(StorageUnavailable):
            writer.write_rows(0, 0, values_of(5, 10))
        with pytest.raises(StorageUnavailable):
            writer.write_depths(0, np.arange(10.0))
