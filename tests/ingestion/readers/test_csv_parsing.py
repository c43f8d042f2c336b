"""Pandas' way of reading a block and the cell by cell way must be one; most of this file tries to part them."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from app.errors import FileError
from app.ingestion.readers import csv_parsing
from app.ingestion.readers.csv_cells import read_lines
from app.ingestion.readers.csv_layout import CsvLayout
from app.ingestion.readers.csv_parsing import parse_block

NULL_VALUES = (-999.25, -9999.0)
LAYOUT = CsvLayout(",", ("depth", "a", "b"), 0, (1, 2), NULL_VALUES)
TABS = replace(LAYOUT, delimiter="\t")
BLANKS = replace(LAYOUT, delimiter=" ")
JUNK = [
    "",
    " ",
    "\t",
    "\v",
    "x",
    "-",
    "+",
    ".",
    "e5",
    "1e",
    "1_0",
    "0x1",
    "1 2",
    "inf",
    "1e999",
    "True",
    "FALSE",
    "#",
    "é",
    "\xa0",
]
QUOTES = ['"', '""', '"1"', '"1', '1"', '"1"2', '"1""2"', ' "1"', '"1" ', '"1\r"', '"', "'1'", "\\"]
NULLS = [
    "",
    " ",
    "nan",
    "NaN",
    " NaN",
    "NaN ",
    "NA",
    "n/a",
    "#N/A",
    "NULL",
    "None",
    "nOnE",
    "-nan",
    "1.#IND",
    "-999.25",
    "<NA>",
]
STYLES = {"delimiter": ",;\t ", "decimal": ".,"}
FORTRAN = ["1.5D+02", "-2.d0", "3D", "D3", "1D5D3", ".5D-3", "1.5-103", "*****", "\t", "  ", "7\t8"]
COMMAS = ["1,5", ",5", "5,", "1,2,3", "1.5", "1.234,5", "-999,25", "nan,", "1.#IND", '"1,5"']
LINE_ENDS = ["\n", "\r\n", "\n\n", "\n \n", "\n\t\r\n", "\r", "\r\r\n", ""]


def numbers():
    digits = st.text("0123456789", max_size=30)
    decimal = st.builds("{}{}.{}".format, st.sampled_from(["", "+", "-"]), digits, digits)
    exponent = st.one_of(st.just(""), st.builds("e{:+}".format, st.integers(-330, 320)))
    return st.one_of(
        st.integers(0, 255).map(str),
        st.floats(allow_nan=False, allow_infinity=False).map(repr),
        st.builds("{}{}".format, decimal, exponent),
        st.builds(
            "{}{}{}".format,
            st.sampled_from(["", " ", "\t"]),
            st.integers(-9, 9),
            st.sampled_from(["", " ", "\v"]),
        ),
    )


def cells():
    usual = st.one_of(numbers(), st.sampled_from(NULLS))
    styled = st.one_of(st.sampled_from(FORTRAN), st.sampled_from(COMMAS), numbers().map(_with_comma))
    odd = st.one_of(
        styled, st.sampled_from(JUNK), st.sampled_from(QUOTES), st.text('0.,;"\n\r\0 e', max_size=4)
    )
    return st.one_of(usual, usual, usual, odd)


def _with_comma(cell):
    return cell.replace(".", ",")


@st.composite
def blocks(draw, cell):
    """Some lines of text and the layout that the header above them gave."""
    delimiter = draw(st.sampled_from(STYLES["delimiter"]))
    decimal = draw(st.sampled_from(STYLES["decimal"])) if delimiter != "," else "."
    unnamed = draw(st.integers(0, 1))
    pixels = draw(st.sampled_from([(1, 2), (1, 2), (2,), (1,)]))
    names = ("depth", "a", "b", *[""] * unnamed)
    layout = CsvLayout(delimiter, names, 0, pixels, NULL_VALUES, decimal)
    width = 3 + unnamed
    if decimal == ",":
        cell = st.one_of(cell, cell.map(_with_comma), cell.map(_with_comma))
    lines = []
    for _ in range(draw(st.integers(1, 5))):
        ragged = draw(st.sampled_from([0] * 12 + [-1, 1]))
        row = [draw(cell) for _ in range(width + ragged)]
        if unnamed and draw(st.integers(0, 9)):
            row[3:4] = [""]
        lines.append(delimiter.join(row) + draw(st.sampled_from(LINE_ENDS[:1] * 8 + LINE_ENDS)))
    return "".join(lines).encode(), layout


def outcome(read):
    """What reading gives, comparable: arrays to the bit, or the error."""
    try:
        columns, lines = read()
    except FileError as error:
        return error.reason, error.message, error.row, error.column, error.value
    # -0.0 and 0.0 differ here, and all nulls are alike
    return columns.shape, np.where(np.isnan(columns), np.nan, columns).tobytes(), lines.tolist()


def agree(block, layout):
    """Whether pandas took the block; asserts that it then gave what the precise way gives."""
    block = csv_parsing._with_bare_newlines(block)
    fast = csv_parsing._read_fast(block, 3, layout)
    if fast is not None:
        assert outcome(lambda: fast) == outcome(lambda: read_lines(block, 3, layout))
    return fast is not None


@settings(max_examples=400)
@given(drawn=blocks(cells()))
@example(drawn=(b'1,"2\n",3\n4,5,6\n', LAYOUT))
@example(drawn=(b'"1,2,3\n4,5,6"\n', LAYOUT))
@example(drawn=(b"1,2\n3,4,5,6\n", LAYOUT))
@example(drawn=(b'1,"1"2,3\n', LAYOUT))
@example(drawn=(b'1,"2" ,3\n', LAYOUT))
@example(drawn=(b'0\t0\t0\n0\t"\t1"\n0\t\t"1" \n', TABS))
@example(drawn=(b'0\t0\t0\n0\t"1 \t "\n', TABS))
@example(drawn=(b'"1",""\n,"2"\n', LAYOUT))
@example(drawn=(b"1,nan(1),3\n", LAYOUT))
@example(drawn=(b"1,inf,3\n", LAYOUT))
@example(drawn=(b"1,True,FALSE\n2,true,False\n", LAYOUT))
@example(drawn=(b"True,,TRUE\n", LAYOUT))
@example(drawn=(b"1,2,1e999\n", LAYOUT))
@example(drawn=(b"1,2\0,3\n", LAYOUT))
@example(drawn=(b"1,2\0005,3\n", LAYOUT))
@example(drawn=(b"1,\0,3\n", LAYOUT))
@example(drawn=(b"1,2\r3,4\n", LAYOUT))
@example(drawn=(b'1,"",3\n', LAYOUT))
@example(drawn=(b"1,2,3\n\x1a\n", LAYOUT))
@example(drawn=(b"1 2 3\n  4\t5   6 \n", BLANKS))
@example(drawn=(b"\n \t\n1 2 3\n\t\n4 5\n", BLANKS))
@example(drawn=(b"1.5D+02 .5d0 3D\n", BLANKS))
@example(drawn=(b"1,5;2;-3,25\n", replace(LAYOUT, delimiter=";", decimal=",")))
@example(drawn=(b"1,5;2;1.5\n", replace(LAYOUT, delimiter=";", decimal=",")))
@example(drawn=(b"1\n1,2,3,4,5\n", replace(LAYOUT, pixels=(2,))))
@example(drawn=(b"1,2,3\n1,inf,3\n", replace(LAYOUT, pixels=(2,))))
@example(drawn=(b"1,x,3\n1,12:00:07,3\n", replace(LAYOUT, pixels=(2,))))
@example(drawn=(b"1," + b"0" * 140_000 + b"2,3\n", LAYOUT))
def test_both_ways_to_read_a_block_agree_on_whatever_it_holds(drawn):
    agree(*drawn)


@settings(max_examples=200)
@given(text=st.text('01,,,\n\n". \t\rna', max_size=30), delimiter=st.sampled_from(",\t"))
def test_both_ways_to_read_a_block_agree_on_text_without_shape(text, delimiter):
    assume(text.strip())
    layout = CsvLayout(delimiter, LAYOUT.names, 0, (1, 2), ())
    agree(text.replace(",", delimiter).encode(), layout)


@given(drawn=blocks(numbers().filter(lambda cell: any(map(str.isdigit, cell)))))
def test_numbers_are_rounded_alike(drawn):
    agree(*drawn)


@pytest.mark.parametrize("null", ["", "nan", "NaN", "NA", "N/A", "#N/A", "NULL", "None", "-999.25", '"1"'])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\n\n"])
def test_the_usual_files_are_read_the_fast_way(monkeypatch, null, line_end):
    monkeypatch.setattr(csv_parsing, "read_lines", None)
    parsed = parse_block(f"1,2,3{line_end}2,{null},4{line_end}".encode(), 2, LAYOUT)
    assert len(parsed.rows.depths) == 2


@settings(max_examples=150)
@given(drawn=blocks(cells()), cut=st.integers(0, 200))
def test_a_block_may_be_cut_after_any_line(drawn, cut):
    text, layout = drawn
    at = text.find(b"\n", min(cut, len(text))) + 1

    def read(pieces):
        line, columns, lines = 1, [np.empty((1 + len(layout.pixels), 0))], []
        dropped = 0
        for piece in pieces:
            parsed = parse_block(piece, line, layout)
            columns.append(np.vstack([parsed.rows.depths, parsed.rows.pixels.T]))
            lines.extend(parsed.rows.lines)
            dropped += parsed.dropped_rows
            line += piece.count(b"\n")
        return np.hstack(columns), np.array([*lines, dropped])

    pieces = [piece for piece in (text[:at], text[at:]) if piece]
    assert outcome(lambda: read(pieces)) == outcome(lambda: read([text] if text else []))


def test_rows_without_depth_are_dropped_and_the_others_keep_their_lines():
    parsed = parse_block(b"1,2,3\n,4,5\n-9999,6,7\n\n2,8,9\nnan,,\n", 5, LAYOUT)
    assert parsed.rows.depths.tolist() == [1, 2]
    assert parsed.rows.pixels.tolist() == [[2, 3], [8, 9]]
    assert parsed.rows.lines.tolist() == [5, 9]
    assert parsed.dropped_rows == 3


@pytest.mark.parametrize("null_values", [(), (-999.25,), (0.0,), (1e30,), (-1.0, 255.0)])
def test_null_values_are_null_and_no_others(null_values):
    values = np.array([-999.25, 0, 1e30, -1, 255, 7])
    layout = CsvLayout(",", ("depth", *"abcdef"), 0, tuple(range(1, 7)), null_values)
    block = ("9," + ",".join(map(repr, values.tolist())) + "\n").encode()
    row = parse_block(block, 1, layout).rows.pixels[0]
    np.testing.assert_array_equal(row, np.where(np.isin(values, null_values), np.nan, values))


@pytest.mark.parametrize(
    ("cells", "integers8"),
    [
        ("0,255", True),
        ("0.0,1e2", True),
        (",7", True),
        ("7,-999.25", True),
        (",", True),
        ("0,256", False),
        ("0,-1", False),
        ("7,0.5", False),
        ("1e300,7", False),
        (",0.5", False),
    ],
)
def test_integers_of_8_bits_are_told_from_other_values(cells, integers8):
    assert parse_block(f"1,{cells}\n".encode(), 1, LAYOUT).integers8 is integers8


def test_pixels_come_in_the_order_of_the_image():
    layout = CsvLayout(",", ("c10", "depth", "c2", "c1"), 1, (3, 2, 0), ())
    assert parse_block(b"10,5,2,1\n", 1, layout).rows.pixels.tolist() == [[1, 2, 10]]


@pytest.mark.parametrize(
    ("layout", "block"),
    [
        (BLANKS, b"  1.0   2.5D+01 \t3\r\n 2.0  -999.25 4  \n"),
        (replace(LAYOUT, delimiter=";", decimal=","), b"1,0;25,0;3\n2,0;-999,25;4\n"),
        (CsvLayout(",", ("depth", "tension", "a", "b"), 0, (2, 3), NULL_VALUES), b"1,x,25,3\n2,,,4\n"),
    ],
)
def test_the_styles_of_the_trade_are_read_the_fast_way(monkeypatch, layout, block):
    monkeypatch.setattr(csv_parsing, "read_lines", None)
    rows = parse_block(block, 1, layout).rows
    assert rows.depths.tolist() == [1, 2]
    np.testing.assert_array_equal(rows.pixels, [[25, 3], [np.nan, 4]])


def test_what_stands_in_other_columns_does_not_matter():
    layout = CsvLayout(",", ("time", "depth", "a", "b"), 1, (2, 3), ())
    parsed = parse_block("12:00:07,1,2,3\n½,2,4,5\ninf,3,6,7\n".encode(), 1, layout)
    assert parsed.rows.depths.tolist() == [1, 2, 3]
    assert parsed.rows.pixels.tolist() == [[2, 3], [4, 5], [6, 7]]


def test_a_block_of_blank_lines_has_no_rows():
    parsed = parse_block(b"\n \n\n", 1, LAYOUT)
    assert parsed.rows.pixels.shape == (0, 2)
    assert (parsed.dropped_rows, parsed.integers8) == (0, True)
