from __future__ import annotations

import pytest

from app.errors import FileError
from app.ingestion.readers import is_readable, open_file, suffix_of
from tests.builders import settings_in, tiny_csv


def test_files_are_told_by_the_end_of_their_name_in_any_case():
    assert is_readable("X.CSV") and is_readable("x.tsv")
    assert not is_readable("csv") and not is_readable("x.doc")
    assert suffix_of("a.b.TXT") == ".txt"


def test_a_csv_file_holds_one_image_that_can_be_opened_again(tmp_path):
    file = open_file(tiny_csv(tmp_path / "x.csv"), settings_in(tmp_path))
    (image,) = file.images
    assert image.channel == ""
    for _ in range(2):
        (chunk,) = image.open().chunks()
        assert chunk.depths.tolist() == [1.0, 1.1, 1.2]


def test_a_name_of_no_known_kind_is_refused_with_those_that_are_known(tmp_path):
    path = tiny_csv(tmp_path / "x.doc")
    with pytest.raises(FileError, match=r"names end in \.csv, ") as caught:
        open_file(path, settings_in(tmp_path))
    assert caught.value.reason == "unsupported_format"


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
        (b"\x1f\x8b\x08\x00", "a gzip archive"),
        (b"PAR1", "a Parquet file"),
        (b"~Version\n VERS. 2.0 :\n", "a LAS file"),
        (b"\xef\xbb\xbf\r\n~V\r\n", "a LAS file"),
        (b"0001V1.00RECORD08192Default Storage Set", "a DLIS file"),
    ],
)
def test_a_table_that_is_something_else_is_called_by_its_name(tmp_path, head, kind):
    path = tmp_path / "x.csv"
    path.write_bytes(head + b"\0" * 100)
    with pytest.raises(FileError, match=rf"x\.csv is {kind}, whatever its name says") as caught:
        open_file(path, settings_in(tmp_path))
    assert caught.value.reason == "unsupported_format"
