import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.errors import FileError
from app.ingestion.readers.csv_cells import is_null, is_number, read_lines, shown
from app.ingestion.readers.csv_layout import NULL_WORDS, CsvLayout

LAYOUT = CsvLayout(",", ("depth", "a", "b"), 0, (1, 2), ())


@given(number=st.floats(allow_nan=False, allow_infinity=False))
def test_every_float_reads_back(number):
    text = repr(number)
    assert is_number(text)
    columns, _ = read_lines(f"1,{text},2".encode(), 1, LAYOUT)
    assert columns[1, 0] == number
    assert math.copysign(1, columns[1, 0]) == math.copysign(1, number)


@given(text=st.text("+-.eE0123456789_ xXinfaINFA,٣", max_size=8))
@example("1_0")
@example("٣")
@example("infinity")
@example("1e")
def test_what_is_a_number_here_is_one_to_python_and_finite_or_huge(text):
    if is_number(text):
        assert text.isascii()
        assert "_" not in text
        assert not math.isnan(float(text))
        assert "n" not in text.lower()


@pytest.mark.parametrize("word", sorted(NULL_WORDS))
def test_null_words_go_in_any_case_between_any_blanks(word):
    for spelling in (word, word.upper(), word.title(), word.swapcase(), f" \t{word}\v\f "):
        assert is_null(spelling)


@pytest.mark.parametrize("word", ["nan0", "0", "-", "nil", "\u00a0", "nann", "na n"])
def test_other_words_are_no_nulls(word):
    assert not is_null(word)


@pytest.mark.parametrize(
    ("delimiter", "blank_lines"), [(",", b"\n \n\t\n \t \n"), (";", b"\n\t\t\n"), ("\t", b"\n  \n")]
)
def test_blank_lines_are_no_rows_but_are_counted(delimiter, blank_lines):
    layout = CsvLayout(delimiter, ("depth", "a", "b"), 0, (1, 2), ())
    row = f"1{delimiter}2{delimiter}\n".encode()
    columns, lines = read_lines(row + blank_lines + row, 7, layout)
    np.testing.assert_array_equal(columns, [[1, 1], [2, 2], [np.nan, np.nan]])
    assert lines.tolist() == [7, 8 + blank_lines.count(b"\n")]


def test_a_line_of_tabs_is_a_row_of_nulls_where_tabs_delimit():
    columns, lines = read_lines(b"\t\t\n", 1, CsvLayout("\t", ("depth", "a", "b"), 0, (1, 2), ()))
    assert np.isnan(columns).all()
    assert lines.tolist() == [1]


def test_no_lines_are_no_rows():
    columns, lines = read_lines(b"\n\n", 1, LAYOUT)
    assert columns.shape == (3, 0)
    assert lines.shape == (0,)


def test_columns_keep_the_order_of_the_file():
    columns, _ = read_lines(b"3,1,2\n6,4,5", 1, CsvLayout(",", ("b", "depth", "a"), 1, (2, 0), ()))
    np.testing.assert_array_equal(columns, [[3, 6], [1, 4], [2, 5]])


@pytest.mark.parametrize(
    ("line", "reason", "column"),
    [
        ("1,inf,x", "infinite_value", "a"),
        ("1,x,inf", "not_a_number", "a"),
        ("1,2,1e309", "infinite_value", "b"),
        ("1,2", "ragged_row", None),
    ],
)
def test_the_first_cell_at_fault_is_named(line, reason, column):
    with pytest.raises(FileError) as caught:
        read_lines(f"1,2,3\n\n{line}\n?,?,?\n".encode(), 10, LAYOUT)
    assert (caught.value.reason, caught.value.row, caught.value.column) == (reason, 12, column)


def test_long_texts_are_cut_to_fit_a_message():
    assert shown("x" * 80) == repr("x" * 80)
    assert shown("x" * 81) == repr("x" * 79 + "…")
