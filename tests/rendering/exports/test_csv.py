import numpy as np
import orjson

from tests.rendering.exports.builders import image, table_of, written

DEPTHS = np.array([9201.9, 9202.0])
VALUES = np.array([[1.5, np.nan, 101], [np.nan, 1e-7, -20]], dtype=np.float32)


def test_nulls_are_empty_cells():
    table = written("csv", table_of(DEPTHS, VALUES), VALUES)
    assert table == b"depth,p1,p2,p3\n9201.9,1.5,,101.0\n9202.0,,1e-7,-20.0\n"


def test_numbers_are_told_as_in_json():
    depths, values = image(300)
    line = written("csv", table_of(depths, values), values).splitlines()[1]
    told = orjson.dumps(values[0], option=orjson.OPT_SERIALIZE_NUMPY).strip(b"[]").replace(b"null", b"")
    assert line == b"9000.1," + told
