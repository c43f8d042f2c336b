"""What others find who open the arrays."""

import numpy as np
import pytest
import tiledb

from app.storage.arrays.writing import ImageWriter
from tests.storage.builders import depths_of, write_image


def test_values_have_the_documented_dimensions_tiles_filters_and_fill(store, files):
    ImageWriter(store, 7)
    for level in range(10):
        schema = tiledb.ArraySchema.load(str(files.level(7, level)))
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


def test_depths_have_the_documented_dimensions_and_filters(store, files):
    ImageWriter(store, 7)
    schema = tiledb.ArraySchema.load(str(files.depth(7)))
    assert [schema.domain.dim(number).name for number in range(2)] == ["image_id", "depth_index"]
    depth = schema.attr("depth")
    assert depth.dtype == np.float64
    assert np.isnan(depth.fill).all()
    assert [type(filter_) for filter_ in depth.filters] == [tiledb.BitShuffleFilter, tiledb.ZstdFilter]
    assert depth.filters[1].level == 1


@pytest.fixture
def opening(shelf, monkeypatch):
    """How plain TileDB is told of the store, and the address of its shard 0."""
    if shelf.server is None:
        return tiledb.Ctx(), str(shelf.files.shard(0))
    monkeypatch.setenv("AWS_REQUEST_CHECKSUM_CALCULATION", "when_required")
    config = {
        "vfs.s3.endpoint_override": shelf.server.url.removeprefix("http://"),
        "vfs.s3.scheme": "http",
        "vfs.s3.region": "us-east-1",
        "vfs.s3.use_virtual_addressing": "false",
    }
    return tiledb.Ctx(config), f"{shelf.settings.storage_uri}/shard-00000"


def test_arrays_can_be_opened_by_anyone_with_plain_tiledb(store, opening):
    values = write_image(store, 7, 300)
    context, shard = opening
    with tiledb.open(f"{shard}/level-0", ctx=context) as array:
        np.testing.assert_array_equal(np.squeeze(array[7, 0:300, :]["value"]), values)
        assert np.isnan(array[7, 300:400, :]["value"]).all()
        assert np.isnan(array[8, 0:300, :]["value"]).all()
    with tiledb.open(f"{shard}/depth", ctx=context) as array:
        np.testing.assert_array_equal(np.squeeze(array[7, 0:300]["depth"]), depths_of(7, 300))


def test_a_shard_is_a_group_that_names_its_arrays(store, opening):
    write_image(store, 7)
    context, shard = opening
    with tiledb.Group(shard, ctx=context) as group:
        members = {member.name: member.uri for member in group}
    assert set(members) == {*(f"level-{level}" for level in range(10)), "depth"}
    with tiledb.open(members["level-0"], ctx=context) as array:
        assert array[7, 0, 0]["value"].size == 1
