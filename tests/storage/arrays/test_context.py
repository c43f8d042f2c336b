import pytest
import tiledb

from app.errors import StorageUnavailable
from app.storage.arrays.context import context, translated


def test_tiledb_uses_no_threads_of_its_own():
    config = context().config()
    assert config["sm.compute_concurrency_level"] == config["sm.io_concurrency_level"] == "1"
    assert context() is context()


def test_errors_of_tiledb_are_told_as_ours():
    with pytest.raises(StorageUnavailable, match="no space"), translated():
        raise tiledb.TileDBError("no space")
