import itertools
import shutil
import threading

import numpy as np
import pytest
import tiledb
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from app.errors import StorageUnavailable
from app.storage.arrays.reading import BLOCK_ROWS, RowReader
from app.storage.arrays.writing import ImageWriter
from tests.storage.builders import depths_of, values_of, write_image
from tests.storage.stores import in_bucket, on_disk


@pytest.fixture
def reader(store):
    opened = RowReader(store, 10**8)
    yield opened
    opened.close()


def damage(files, image_id):
    """Cut short every file of an image's fragments, as a failing disk does."""
    found = [file for file in files.shard(image_id).rglob(f"__{image_id}_{image_id}_*/*") if file.is_file()]
    assert found
    for file in found:
        file.write_bytes(file.read_bytes()[:20])


@pytest.fixture(scope="module", params=["disk", "bucket"])
def stored(request, tmp_path_factory):
    """A store, a reader of it, and the rows of image 2."""
    folder = tmp_path_factory.mktemp("stored")
    if request.param == "disk":
        store = on_disk(folder).open()
    else:
        store = in_bucket(folder, request.getfixturevalue("s3_server")).open()
    values = write_image(store, 2, 2000)
    reader = RowReader(store, 10**8)
    yield store, reader, values
    reader.close()


@pytest.fixture(scope="module")
def image_ids():
    return itertools.count(10)


@given(st.integers(0, 1999), st.integers(1, 2000))
def test_any_range_of_rows_is_the_one_asked_for(stored, start, count):
    _, reader, values = stored
    stop = min(2000, start + count)
    rows = reader.rows(2, 0, start, stop)
    assert rows.dtype == np.float32
    np.testing.assert_array_equal(rows, values[start:stop])
    in_memory = reader.rows_in_memory(2, 0, start, stop)
    assert in_memory is not None
    np.testing.assert_array_equal(in_memory, values[start:stop])


def test_an_array_at_the_timestamp_of_an_image_shows_that_image_and_no_other(store, files, reader):
    written = {image_id: write_image(store, image_id, 40) for image_id in (1, 2, 3)}
    for image_id, values in written.items():
        np.testing.assert_array_equal(reader.rows(image_id, 0, 0, 40), values)
        with tiledb.open(str(files.level(image_id, 0)), timestamp=(image_id, image_id)) as array:
            others = [other for other in written if other != image_id]
            assert all(np.isnan(array[other, 0:40, :]["value"]).all() for other in others)
            assert array.nonempty_domain()[0] == (image_id, image_id)


@pytest.mark.parametrize("damaged", [1, 3])
def test_an_image_still_opens_when_another_image_is_damaged(store, files, reader, damaged):
    values = {image_id: write_image(store, image_id, 40) for image_id in (1, 2, 3)}[2]
    damage(files, damaged)
    np.testing.assert_array_equal(reader.rows(2, 0, 0, 40), values)
    np.testing.assert_array_equal(reader.rows(2, 1, 0, 10), values[::4])
    np.testing.assert_array_equal(reader.depths(2, 40), depths_of(2, 40))
    with pytest.raises(StorageUnavailable):
        reader.rows(damaged, 0, 0, 40)
    with pytest.raises(StorageUnavailable):
        reader.depths(damaged, 40)


def test_what_was_never_written_is_null(store, reader):
    write_image(store, 1, 40)
    assert np.isnan(reader.rows(1, 0, 40, 50)).all()
    assert np.isnan(reader.rows(1, 5, 0, 5)).all()
    assert np.isnan(reader.rows(2, 0, 0, 5)).all()


def test_a_store_that_is_away_is_told_and_answers_again_once_it_is_back(store, shelf, reader):
    write_image(store, 1, 40)
    with shelf.away():
        with pytest.raises(StorageUnavailable):
            reader.rows(1, 0, 0, 40)
        with pytest.raises(StorageUnavailable):
            reader.depths(1, 40)
    np.testing.assert_array_equal(reader.rows(1, 0, 0, 40), values_of(1, 40))
    np.testing.assert_array_equal(reader.depths(1, 40), depths_of(1, 40))


def test_rows_in_memory_are_those_read_before_and_never_half_of_them(store, reader):
    write_image(store, 1, 3 * BLOCK_ROWS)
    assert reader.rows_in_memory(1, 0, 0, 10) is None
    reader.rows(1, 0, 0, BLOCK_ROWS)
    assert reader.rows_in_memory(1, 0, 5, BLOCK_ROWS).shape == (BLOCK_ROWS - 5, 150)
    assert reader.rows_in_memory(1, 0, 5, BLOCK_ROWS + 1) is None
    assert reader.rows_in_memory(1, 1, 0, 10) is None
    assert reader.rows_in_memory(2, 0, 0, 10) is None
    assert reader.depths_in_memory(1) is None
    reader.depths(1, 3 * BLOCK_ROWS)
    assert len(reader.depths_in_memory(1)) == 3 * BLOCK_ROWS


def test_rows_read_once_are_answered_without_the_store(store, files, reader):
    values = write_image(store, 1, 40)
    reader.rows(1, 0, 0, 40)
    reader.depths(1, 40)
    shutil.rmtree(files.root)
    np.testing.assert_array_equal(reader.rows(1, 0, 10, 30), values[10:30])
    np.testing.assert_array_equal(reader.depths(1, 40), depths_of(1, 40))


def test_what_is_handed_out_cannot_be_changed(store, reader):
    write_image(store, 1, 40)
    with pytest.raises(ValueError, match="read-only"):
        reader.rows(1, 0, 0, 40)[0, 0] = 1
    with pytest.raises(ValueError, match="read-only"):
        reader.depths(1, 40)[0] = 1


def test_many_threads_read_many_images_and_each_gets_its_own(store):
    written = {image_id: write_image(store, image_id, 1200) for image_id in range(1, 7)}
    small = RowReader(store, 3 * BLOCK_ROWS * 150 * 4)  # so that blocks come and go meanwhile
    wrong = []

    def read(seed):
        random = np.random.default_rng(seed)
        for _ in range(40):
            image_id, start = int(random.integers(1, 7)), int(random.integers(0, 1100))
            rows = small.rows(image_id, 0, start, start + 100)
            if not np.array_equal(rows, written[image_id][start : start + 100]):
                wrong.append((image_id, start))

    threads = [threading.Thread(target=read, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    assert not wrong
    assert small.cache.held_bytes <= small.cache.capacity_bytes
    small.close()


@hypothesis_settings(max_examples=25, deadline=None)
@given(lengths=st.lists(st.integers(1, 700), min_size=1, max_size=5))
def test_an_image_reads_the_same_however_its_rows_were_cut_into_fragments(stored, image_ids, lengths):
    store, reader, _ = stored
    image_id = next(image_ids)
    values = values_of(image_id, sum(lengths))
    writer, start = ImageWriter(store, image_id), 0
    for length in lengths:
        writer.write_rows(0, start, values[start : start + length])
        start += length
    np.testing.assert_array_equal(reader.rows(image_id, 0, 0, start), values)
