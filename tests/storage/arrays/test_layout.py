import json
import threading

import numpy as np
import pytest
import tiledb

from app.errors import StorageUnavailable
from app.storage.arrays import layout as layout_module
from tests.storage.builders import depths_of, write_image


def test_images_are_spread_over_shards_of_a_hundred(layout):
    shards = [layout.shard(image_id).name for image_id in (1, 99, 100, 199, 12_345)]
    assert shards == ["shard-00000", "shard-00000", "shard-00001", "shard-00001", "shard-00123"]


def test_values_have_the_documented_dimensions_tiles_filters_and_fill(layout):
    layout.ensure_shard(7)
    for level in range(10):
        schema = tiledb.ArraySchema.load(str(layout.level(7, level)))
        dimensions = [schema.domain.dim(number) for number in range(schema.domain.ndim)]
        assert [dim.name for dim in dimensions] == ["image_id", "depth_index", "pixel_index"]
        assert [int(dim.tile) for dim in dimensions] == [1, 256, 150]
        assert [int(dim.domain[0]) for dim in dimensions] == [0, 0, 0]
        assert not schema.sparse
        assert schema.nattr == 1
        value = schema.attr("value")
        assert value.dtype == np.float32
        assert np.isnan(value.fill).all()
        assert [type(filter_) for filter_ in value.filters] == [tiledb.BitShuffleFilter, tiledb.ZstdFilter]
        assert value.filters[1].level == 1


def test_depths_have_the_documented_dimensions_and_filters(layout):
    layout.ensure_shard(7)
    schema = tiledb.ArraySchema.load(str(layout.depth(7)))
    assert [schema.domain.dim(number).name for number in range(2)] == ["image_id", "depth_index"]
    depth = schema.attr("depth")
    assert depth.dtype == np.float64
    assert np.isnan(depth.fill).all()
    assert [type(filter_) for filter_ in depth.filters] == [tiledb.BitShuffleFilter, tiledb.ZstdFilter]
    assert depth.filters[1].level == 1


def test_arrays_can_be_opened_by_anyone_with_plain_tiledb(layout):
    values = write_image(layout, 7, 300)
    with tiledb.open(str(layout.level(7, 0))) as array:
        np.testing.assert_array_equal(np.squeeze(array[7, 0:300, :]["value"]), values)
        assert np.isnan(array[7, 300:400, :]["value"]).all()
        assert np.isnan(array[8, 0:300, :]["value"]).all()
    with tiledb.open(str(layout.depth(7))) as array:
        np.testing.assert_array_equal(np.squeeze(array[7, 0:300]["depth"]), depths_of(7, 300))


def test_a_shard_is_a_group_that_names_its_arrays_wherever_it_is_moved(layout):
    write_image(layout, 7)
    moved = layout.root.rename(layout.root.with_name("elsewhere")) / "shard-00000"
    with tiledb.Group(str(moved)) as group:
        members = {member.name: member.uri for member in group}
    assert set(members) == {*(f"level-{level}" for level in range(10)), "depth"}
    with tiledb.open(members["level-0"]) as array:
        assert array[7, 0, 0]["value"].size == 1


def test_threads_that_make_one_shard_at_once_leave_one_whole_shard(layout):
    barrier = threading.Barrier(4)
    failures = []

    def make():
        barrier.wait(20)
        try:
            layout.ensure_shard(1)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not failures
    assert [folder.name for folder in layout.root.iterdir()] == ["shard-00000"]
    assert all(tiledb.array_exists(str(array)) for array in layout.arrays(1))


def test_a_shard_that_is_there_is_left_as_it_is(layout):
    write_image(layout, 1)
    before = sorted(layout.root.rglob("*"))
    layout.ensure_shard(2)
    assert sorted(layout.root.rglob("*")) == before


def test_a_shard_is_not_there_before_it_is_whole(layout, monkeypatch):
    seen = []
    make = layout_module._make_shard

    def watched(folder):
        make(folder)
        seen.append(layout.shard(1).exists())

    monkeypatch.setattr(layout_module, "_make_shard", watched)
    layout.ensure_shard(1)
    assert seen == [False]
    assert layout.shard(1).exists()


@pytest.mark.parametrize("error", [tiledb.TileDBError("no space"), OSError("no space")])
def test_a_shard_that_could_not_be_made_leaves_nothing_behind(layout, monkeypatch, error):
    create = tiledb.Array.create

    def full_after_three(path, *arguments, **options):
        if path.endswith("level-3"):
            raise error
        create(path, *arguments, **options)

    monkeypatch.setattr(tiledb.Array, "create", full_after_three)
    with pytest.raises((StorageUnavailable, OSError), match="no space"):
        layout.ensure_shard(1)
    assert list(layout.root.iterdir()) == []
    monkeypatch.undo()
    layout.ensure_shard(1)
    assert layout.depth(1).exists()


def test_a_description_is_replaced_as_a_whole(layout):
    layout.ensure_shard(7)
    layout.describe(7, {"name": "a.csv", "rows": 600})
    with pytest.raises(TypeError):
        layout.describe(7, {"name": "b.csv", "rows": object()})
    assert json.loads(layout.description(7).read_text()) == {"name": "a.csv", "rows": 600}
    layout.describe(7, {"name": "c.csv"})
    assert json.loads(layout.description(7).read_text()) == {"name": "c.csv"}


def test_tiledb_uses_no_threads_of_its_own():
    config = layout_module.context().config()
    assert config["sm.compute_concurrency_level"] == config["sm.io_concurrency_level"] == "1"
    assert layout_module.context() is layout_module.context()
