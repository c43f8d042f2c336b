import io

import pytest

from app.errors import FileError
from app.ingestion.readers import csv_header
from app.ingestion.readers.csv_header import read_header
from tests.builders import settings_in


def header_of(content, tmp_path):
    return read_header(io.BytesIO(content), settings_in(tmp_path, source_width="any"))


@pytest.mark.parametrize(
    ("above", "unit"),
    [
        (b"depth,a,b\n", None),
        (b"\xef\xbb\xbfdepth,a,b\n", None),
        (b"\n \r\n\xef\xbb\xbfdepth,a,b\r\n\r\n", None),
        (b"depth,a,b\nM,gAPI,\n", "m"),
        (b"depth_m,a,b\n\nft,-,-\n \n", "ft"),
        (b"depth_ft,a,b\n", "ft"),
        ("depth,a °,b °\nM,°,°\n".encode("latin-1"), "m"),
        (b'"depth","a","b"\n"F","",""\n', "ft"),
    ],
)
def test_rows_begin_below_header_units_and_blank_lines(tmp_path, above, unit):
    row = b"1,2,3\n"
    header = header_of(above + row + b"2,3,4\n", tmp_path)
    assert header.depth_unit == unit
    assert header.offset == len(above)
    assert header.line == above.count(b"\n") + 1
    assert header.row_bytes == len(row)


@pytest.mark.parametrize("row", [b"m,1,2\n", b"m,a\n", b"1,2,3\n", b'm,"a,b\n', b"bar,a,b\n", b",a,b\n"])
def test_what_is_no_row_of_units_is_left_for_the_rows(tmp_path, row):
    header = header_of(b"depth,a,b\n" + row, tmp_path)
    assert (header.depth_unit, header.offset, header.line) == (None, 10, 2)


def test_a_header_without_end_is_not_read_to_its_end(tmp_path):
    file = io.BytesIO(b"depth," * 1_000_000)
    with pytest.raises(FileError, match="too long for a line of column names"):
        read_header(file, settings_in(tmp_path))
    assert file.tell() == csv_header.LONGEST_HEADER + 1


@pytest.mark.parametrize("byte", [0, 1, 13, 26, 27, 31])
def test_control_characters_in_the_header_are_not_text(tmp_path, byte):
    with pytest.raises(FileError, match=f"0x{byte:02x}") as caught:
        header_of(b"depth,a" + bytes([byte]) + b",b\n1,2,3\n", tmp_path)
    assert (caught.value.reason, caught.value.row) == ("not_text", 1)
