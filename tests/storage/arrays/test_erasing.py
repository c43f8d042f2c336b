import threading
from pathlib import Path

import numpy as np
import pytest

from app.storage.arrays.layout import Layout
from app.storage.arrays.reading import RowReader
from app.storage.arrays.store import ArrayStore
from tests.storage.builders import depths_of, values_of, write_image
from tests.storage.stores import Place

NEIGHBOURS = (1, 8, 70, 77)


@pytest.fixture
def shard(store):
    """Image 7 among images whose ids begin or end like its own."""
    for image_id in (*NEIGHBOURS, 7):
        write_image(store, image_id, 300)
        store.describe(image_id, {"id": image_id})
    return store


def files_of(shelf: Place, image_id: int) -> list[str]:
    return [n for n in shelf.names() if f"__{image_id}_{image_id}_" in n or f"/{image_id}.json" in n]


def assert_whole(store: ArrayStore, files: Layout[Path], *image_ids: int) -> None:
    reader = RowReader(store, 10**8)
    for image_id in image_ids:
        np.testing.assert_array_equal(reader.rows(image_id, 0, 0, 300), values_of(image_id, 300))
        np.testing.assert_array_equal(reader.rows(image_id, 1, 0, 75), values_of(image_id, 300)[::4])
        np.testing.assert_array_equal(reader.depths(image_id, 300), depths_of(image_id, 300))
        assert files.description(image_id).exists()
    reader.close()


def test_nothing_of_the_image_is_left_and_its_neighbours_are_whole(shard, shelf):
    assert files_of(shelf, 7)
    shard.erase(7)
    assert files_of(shelf, 7) == []
    assert np.isnan(RowReader(shard, 10**8).rows(7, 0, 0, 300)).all()
    assert_whole(shard, shelf.files, *NEIGHBOURS)


def test_erasing_again_or_what_never_was_changes_nothing(shard, shelf):
    shard.erase(7)
    before = shelf.names()
    shard.erase(7)
    shard.erase(50)
    shard.erase(5_000)
    assert shelf.names() == before


def test_two_that_erase_one_image_at_once_both_come_to_an_end(shard, shelf):
    barrier, failures = threading.Barrier(4), []

    def one():
        barrier.wait(20)
        try:
            shard.erase(7)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not failures
    assert files_of(shelf, 7) == []
    assert_whole(shard, shelf.files, *NEIGHBOURS)


def test_others_are_read_while_an_image_is_erased(shard, shelf):
    reader = RowReader(shard, 0)
    reader.rows(7, 0, 0, 300)
    stop, wrong, reads = threading.Event(), [], []

    def read():
        while not stop.is_set():
            if not np.array_equal(reader.rows(8, 0, 0, 300), values_of(8, 300)):
                wrong.append(8)
            reads.append(8)

    thread = threading.Thread(target=read)
    thread.start()
    for image_id in (7, 70, 77):
        shard.erase(image_id)
    stop.set()
    thread.join(30)
    assert reads
    assert not wrong
    reader.close()


def test_bytes_on_disk_are_those_of_the_image_alone(shard, shelf):
    def on_disk(image_id, *arrays):
        return sum(
            file.stat().st_size
            for array in arrays
            for file in array.rglob(f"__{image_id}_{image_id}_*/**/*")
            if file.is_file()
        )

    rows, overviews = shard.bytes_of(7)
    assert rows == on_disk(7, shelf.files.level(7, 0), shelf.files.depth(7)) > 300 * 150
    assert overviews == on_disk(7, shelf.files.level(7, 1)) > 0
    assert shard.bytes_of(50) == shard.bytes_of(5_000) == (0, 0)
