import shutil
import threading

import numpy as np
import pytest

from app.storage.arrays.erasing import bytes_on_disk, erase
from app.storage.arrays.layout import Layout
from app.storage.arrays.reading import RowReader
from tests.storage.builders import depths_of, values_of, write_image

NEIGHBOURS = (1, 8, 70, 77)


@pytest.fixture
def shard(layout):
    """Image 7 among images whose ids begin or end like its own."""
    for image_id in (*NEIGHBOURS, 7):
        write_image(layout, image_id, 300)
        layout.describe(image_id, {"id": image_id})
    return layout


def files_of(layout: Layout, image_id: int) -> list[str]:
    names = (str(path.relative_to(layout.root)) for path in layout.root.rglob("*"))
    return [name for name in names if f"__{image_id}_{image_id}_" in name or f"/{image_id}.json" in name]


def assert_whole(layout: Layout, *image_ids: int) -> None:
    reader = RowReader(layout, 10**8)
    for image_id in image_ids:
        np.testing.assert_array_equal(reader.rows(image_id, 0, 0, 300), values_of(image_id, 300))
        np.testing.assert_array_equal(reader.rows(image_id, 1, 0, 75), values_of(image_id, 300)[::4])
        np.testing.assert_array_equal(reader.depths(image_id, 300), depths_of(image_id, 300))
        assert layout.description(image_id).exists()
    reader.close()


def test_nothing_of_the_image_is_left_and_its_neighbours_are_whole(shard):
    assert files_of(shard, 7)
    erase(shard, 7)
    assert files_of(shard, 7) == []
    assert np.isnan(RowReader(shard, 10**8).rows(7, 0, 0, 300)).all()
    assert_whole(shard, *NEIGHBOURS)


def test_erasing_again_or_what_never_was_changes_nothing(shard):
    erase(shard, 7)
    before = sorted(shard.root.rglob("*"))
    erase(shard, 7)
    erase(shard, 50)
    erase(shard, 5_000)
    assert sorted(shard.root.rglob("*")) == before


def test_a_draft_of_its_description_goes_too(shard):
    draft = shard.description(7).with_name(".7.json.draft")
    draft.write_text("{")
    erase(shard, 7)
    assert not draft.exists()


def test_an_erase_that_was_cut_short_shows_no_part_of_the_image_and_can_be_finished(shard, monkeypatch):
    def dies(*_arguments, **_options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(shutil, "rmtree", dies)
        erase(shard, 7)
    assert files_of(shard, 7)
    assert np.isnan(RowReader(shard, 10**8).rows(7, 0, 0, 300)).all()
    erase(shard, 7)
    assert files_of(shard, 7) == []


def test_a_fragment_that_the_disk_refuses_to_give_up_is_told(shard, monkeypatch):
    def refuses(*_arguments, **_options):
        raise PermissionError("read-only file system")

    with monkeypatch.context() as patch, pytest.raises(PermissionError):
        patch.setattr("os.rmdir", refuses)
        erase(shard, 7)
    erase(shard, 7)
    assert files_of(shard, 7) == []


def test_two_that_erase_one_image_at_once_both_come_to_an_end(shard):
    barrier, failures = threading.Barrier(4), []

    def one():
        barrier.wait(20)
        try:
            erase(shard, 7)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not failures
    assert files_of(shard, 7) == []
    assert_whole(shard, *NEIGHBOURS)


def test_others_are_read_while_an_image_is_erased(shard):
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
        erase(shard, image_id)
    stop.set()
    thread.join(30)
    assert reads
    assert not wrong
    reader.close()


def test_bytes_on_disk_are_those_of_the_image_alone(shard):
    def on_disk(image_id, *arrays):
        return sum(
            file.stat().st_size
            for array in arrays
            for file in array.rglob(f"__{image_id}_{image_id}_*/**/*")
            if file.is_file()
        )

    rows, overviews = bytes_on_disk(shard, 7)
    assert rows == on_disk(7, shard.level(7, 0), shard.depth(7)) > 300 * 150
    assert overviews == on_disk(7, shard.level(7, 1)) > 0
    assert bytes_on_disk(shard, 50) == bytes_on_disk(shard, 5_000) == (0, 0)
