"""What other programs read out of each kind of file is what was written."""

import warnings

import numpy as np
import pytest

from app.rendering.exports.formats import FILE_FORMATS
from tests.rendering.exports.builders import READERS, image, table_of, written

NAMES = list(FILE_FORMATS)


def test_every_format_has_a_reader_here():
    assert READERS.keys() == FILE_FORMATS.keys()


@pytest.mark.parametrize("rows", [1, 2, 511, 1300])
@pytest.mark.parametrize("name", NAMES)
def test_other_programs_read_the_same_numbers_to_the_last_bit(name, rows):
    depths, values = image(rows)
    told_depths, told_values, _ = READERS[name](written(name, table_of(depths, values), values))
    np.testing.assert_array_equal(told_values, values)
    if name != "npy":
        assert told_depths.tolist() == depths.tolist()


@pytest.mark.parametrize("name", NAMES)
def test_an_image_of_nulls_alone_is_read_as_such(name):
    depths, values = image(3)
    values[:] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # readers that look for a range in nothing
        assert np.isnan(READERS[name](written(name, table_of(depths, values), values))[1]).all()


@pytest.mark.parametrize("name", ["npz", "arrow", "parquet", "tiff"])
def test_what_is_known_of_the_image_is_in_the_file(name):
    depths, values = image(20)
    table = table_of(depths, values)
    assert READERS[name](written(name, table, values))[2] == table.about


@pytest.mark.parametrize("name", [name for name in NAMES if FILE_FORMATS[name].length])
@pytest.mark.parametrize("rows", [1, 513, 3000])
def test_a_length_told_before_is_that_of_the_file(name, rows):
    depths, values = image(rows)
    table = table_of(depths, values)
    assert FILE_FORMATS[name].length(table) == len(written(name, table, values))


@pytest.mark.parametrize("name", ["csv", "npy", "npz", "tiff", "las"])
def test_how_the_rows_come_in_does_not_show(name):
    depths, values = image(700)
    table = table_of(depths, values)
    assert written(name, table, values, block=1) == written(name, table, values, block=700)


@pytest.mark.parametrize("name", NAMES)
def test_a_view_of_other_rows_and_pixels_is_written_as_it_reads(name):
    depths, values = image(60, width=10)
    view = values[5:50:2, ::3]
    assert not view.flags.c_contiguous
    told = READERS[name](written(name, table_of(depths[5:50:2], view), view))
    np.testing.assert_array_equal(told[1], view)


@pytest.mark.parametrize("name", NAMES)
def test_a_broken_off_source_ends_the_file_with_its_error(name):
    depths, values = image(4000)

    def blocks():
        yield values[:2000]
        raise ConnectionError("the disk is gone")

    pieces = FILE_FORMATS[name].write(table_of(depths, values), blocks())
    with pytest.raises(ConnectionError, match="the disk is gone"):
        list(pieces)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_nobody_wants_any_more_is_not_read_on(name):
    depths, values = image(400_000, width=8)
    taken = 0

    def blocks():
        nonlocal taken
        for start in range(0, len(values), 1000):
            taken += 1
            yield values[start : start + 1000]

    pieces = FILE_FORMATS[name].write(table_of(depths, values), blocks())
    next(pieces)
    pieces.close()
    read = taken
    assert read < 350
    assert next(pieces, None) is None
    assert taken == read
