import pytest

from app.errors import FileError
from app.ingestion.readers.csv_columns import read_columns
from tests.builders import settings_in


@pytest.fixture
def settings(tmp_path):
    return settings_in(tmp_path, source_width="any")


def test_pixels_stand_in_natural_order_beside_the_depth(settings):
    layout = read_columns('c10;c9;"Depth (m)"; c1 ;;', 1, settings)
    assert layout.delimiter == ";"
    assert layout.names == ("c10", "c9", "Depth (m)", "c1", "", "")
    assert layout.depth == 2
    assert layout.pixels == (3, 1, 0)
    assert layout.unnamed_from == 4
    assert layout.pixel_selector == [3, 1, 0]


@pytest.mark.parametrize(
    ("text", "selector"),
    [("depth,a,b", slice(1, 3)), ("a,b,depth", slice(0, 2)), ("a,depth,b", [0, 2]), ("depth,b,a", [2, 1])],
)
def test_pixels_in_order_are_selected_without_a_copy(settings, text, selector):
    assert read_columns(text, 1, settings).pixel_selector == selector


@pytest.mark.parametrize(
    ("text", "delimiter", "columns"),
    [
        ("depth,a;b;c;d", ",", 2),
        ("Depth, m;a;b", ";", 3),
        ("depth\ta, first\tb, second", "\t", 3),
        ('depth;"a;1";"b;2"', ";", 3),
        ("depth,a b,c d", ",", 3),
    ],
)
def test_the_delimiter_leaves_a_depth_and_the_most_columns(text, delimiter, columns, tmp_path):
    try:
        layout = read_columns(text, 1, settings_in(tmp_path, source_width="any"))
    except FileError as error:
        assert (error.reason, columns) == ("wrong_width", 2)
    else:
        assert (layout.delimiter, len(layout.names)) == (delimiter, columns)


@pytest.mark.parametrize("text", ["1,2,3", "1;nan;", ",,,", "9000.1\t-999.25\t"])
def test_numbers_for_names_are_rows_without_header(settings, text):
    with pytest.raises(FileError) as caught:
        read_columns(text, 4, settings)
    assert (caught.value.reason, caught.value.row) == ("no_header", 4)


def test_a_long_list_of_names_is_cut_in_the_message(settings):
    with pytest.raises(FileError) as caught:
        read_columns(",".join(f"column{number}" for number in range(200)), 1, settings)
    assert "'column4' …" in caught.value.message
    assert "column5" not in caught.value.message


def test_null_values_come_from_the_settings(tmp_path):
    layout = read_columns("depth,a,b", 1, settings_in(tmp_path, source_width=2, null_values="-1, 255"))
    assert layout.null_values == (-1.0, 255.0)
