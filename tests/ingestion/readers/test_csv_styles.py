"""A file in each style of the trade, as the programs write them, and what comes out of it."""

import numpy as np
import pytest

from app.errors import FileError
from app.ingestion.readers import open_file
from tests.builders import image_rows, settings_in

DEPTHS = [9000.5, 9000.75, 9001.0]
PIXELS = [[10.25, 20.0, 40.5], [50.0, -25.5, 75.0], [90.0, 5.0, 15.125]]
WELL = "# well: P11-A-02\n# uwi = 1234567\n"


def table(names, delimiter=",", number=str, units=""):
    """A header of these names, a row of units if any, and the three rows."""
    lines = [delimiter.join(number(value) for value in (d, *p)) for d, p in zip(DEPTHS, PIXELS, strict=True)]
    return "\n".join([names, *([units] if units else []), *lines, ""])


def with_comma(value):
    return str(value).replace(".", ",")


def fortran(value):
    return f"{value:16.8E}".replace("E", "D")


def flattened(names, units, number=str, delimiter=","):
    rows = zip(DEPTHS, PIXELS, strict=True)
    lines = [f"{number(depth)}{delimiter}{number(value)}" for depth, row in rows for value in row]
    return "\n".join([names, units, *lines, ""])


def beside(names, *cells):
    """The rows with other columns before the pixels."""
    rows = zip(DEPTHS, PIXELS, strict=True)
    return "\n".join([names, *(",".join(map(str, [d, *cells, *p])) for d, p in rows), ""])


STYLES = {
    "GeoSlicer": table("MD,AMP[0],AMP[1],AMP[2]"),
    "GeoSlicer, round brackets": table("MD,AMP(0),AMP(1),AMP(2)"),
    "GeoSlicer, braces": table("MD,AMP{0},AMP{1},AMP{2}"),
    "OSDU": table("MD,FMI_STAT[0],FMI_STAT[1],FMI_STAT[2]"),
    "OSDU, from 1": table("MD,FMI_STAT[1],FMI_STAT[2],FMI_STAT[3]"),
    "WellCAD": table("Depth,0.00 us,4.00 us,8.00 us", units="m,mV,mV,mV"),
    "WellCAD, numbered": table("Depth,Amp1,Amp2,Amp3", units="m,,,"),
    "azimuths with their unit": table("Depth,0.5 deg,1.25 deg,10 deg"),
    "Techlog, flattened": flattened("DEPT,AMP", "m,dB"),
    "Techlog, flattened, German": flattened("DEPT;AMP", "m;dB", with_comma, ";"),
    "comments": "# exported by hand\n#\n  # C# 1,,,\n" + table("depth,a,b,c"),
    "comments, names among them": WELL + table("# depth,a,b,c"),
    "numpy.savetxt": table("# depth a b c", " ", lambda value: f"{value:.18e}"),
    "decimal commas": table("depth;a;b;c", ";", with_comma),
    "decimal commas, tabs": table("depth\ta\tb\tc", "\t", with_comma),
    "decimal commas, blanks": table(" DEPTH  A  B  C", "   ", with_comma),
    "Fortran, free": table("DEPTH A B C", " "),
    "Fortran, fixed": table("     DEPTH    A    B    C", "", lambda value: f"{value:>12.4f}"),
    "Fortran, D exponents": table("DEPTH A B C", "", fortran),
    "Fortran, units": table("DEPTH A B C", "  ", units="  M   dB  dB dB"),
    "Fortran, tabs among the blanks": table("DEPTH  A B C", " \t "),
    "other columns": beside("depth,tension,gr,AMP[0],AMP[1],AMP[2]", 7.5, -1e39),
    "other columns, of text": beside("depth,time,gr1,gr2,AMP[0],AMP[1],AMP[2]", "12:00:07", "inf", "bad"),
    "other columns beside numbered ones": beside("depth,tension,c1,c2,c3", 7.5),
}


def read(path, **changes):
    """Depths, pixels and lines of a file's one image, and the image."""
    (image,) = open_file(path, settings_in(path.parent, **{"source_width": "any"} | changes)).images
    chunks = list(image.open().chunks())
    arrays = [np.concatenate([getattr(chunk, name) for chunk in chunks]) for name in ("depths", "pixels")]
    return *arrays, image


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("content", STYLES.values(), ids=STYLES.keys())
def test_each_style_gives_the_rows_that_were_written(tmp_path, content, line_end):
    path = tmp_path / "well.csv"
    path.write_bytes(content.replace("\n", line_end).encode())
    depths, pixels, _ = read(path)
    assert depths.tolist() == DEPTHS
    assert pixels.tolist() == PIXELS


@pytest.mark.parametrize("style", ["GeoSlicer", "WellCAD", "Techlog, flattened", "other columns"])
def test_a_fixed_width_counts_the_pixels_and_nothing_else(tmp_path, style):
    path = tmp_path / "well.csv"
    path.write_text(STYLES[style])
    assert read(path, source_width=3)[1].tolist() == PIXELS
    with pytest.raises(FileError) as caught:
        read(path, source_width=4)
    assert caught.value.reason == "wrong_width"
    assert "BOREHOLE_SOURCE_WIDTH=3 accepts" in caught.value.message


def test_columns_of_text_that_are_as_many_as_expected_are_pixels_by_any_name(tmp_path):
    path = tmp_path / "well.csv"
    path.write_text("depth,mean,p10,p90\n1,2,3,4\n")
    assert read(path, source_width=3)[1].tolist() == [[2, 3, 4]]


def test_what_the_head_says_is_kept_with_the_image(tmp_path):
    path = tmp_path / "well.csv"
    head = (
        "\ufeff# Well name: P11-A-02 ;;;\n# UWI = 123\n# Tool: FMI\n# RUN_NO: 2\n# Bit size: 8.5 in\n"
        "# field: De Ruyter\n# see http://example.com\n# nothing\n"
    )
    path.write_text(head + table("MD,AMP[0],AMP[1],AMP[2]", units="M,dB,dB,dB"))
    source = read(path)[2].open()
    metadata = read(path)[2].metadata
    assert (source.depth_name, source.depth_unit, source.width) == ("MD", "m", 3)
    assert (metadata.well, metadata.uwi, metadata.tool, metadata.run) == ("P11-A-02", "123", "FMI", "2")
    assert (metadata.unit, metadata.hole_diameter) == ("dB", 0.2159)
    assert metadata.other == {"field": "De Ruyter"}


def test_lines_are_counted_with_the_comments_above(tmp_path):
    path = tmp_path / "well.csv"
    path.write_text(WELL + "\n" + table("DEPTH  A  B  C", "  ") + "9002 1 2 x\n")
    with pytest.raises(FileError) as caught:
        read(path)
    assert (caught.value.row, caught.value.column, caught.value.value) == (8, "C", "x")


@pytest.mark.parametrize(
    ("content", "reason", "row", "hint"),
    [
        ("# well: A\n# run: 2\n", "no_header", None, "comments and nothing else"),
        ("# depth: below KB\n1,2,3\n", "no_header", 2, "put a header above"),
        ("1 2 3\n4 5 6\n", "no_header", 1, "put a header above"),
        ("1,5;2,5;3\n", "no_header", 1, "put a header above"),
        ("depth,A[0],A[1],B[0],B[1]\n1,2,3,4,5\n", "wrong_width", 1, "2 images: 'A[0]' to 'A[1]', 'B[0]'"),
        ("depth,a1,a2,b1,b2\n1,2,3,4,5\n", "wrong_width", 1, "BOREHOLE_SOURCE_WIDTH=4 says that all are one"),
        ("depth,A[0],A[1],B[0],B[1]\n1,2,3,4,5\n", "wrong_width", 1, "Leave those of one image."),
        ("depth,A[0],A[1],A[3]\n1,2,3,4\n", "wrong_width", 1, "lack A[2]"),
        ("depth,a,b\nm,dB,mV\n1,2,3\n", "mixed_units", 2, "column 'a' in 'dB' and column 'b' in 'mV'"),
        ("depth;a;b\n1,5;2;3\n2,5;2.5;3\n", "not_a_number", 3, "all decimals with a comma"),
        ("depth;a;b\n1,5;2;3\n2,5;1.000,5;3\n", "not_a_number", 3, "'1.000,5' is neither"),
        ("DEPTH A B\n1.5 2\n", "ragged_row", 2, "2 cells, where the header has 3"),
        ("DEPTH A B\n1.5-999.25-999.25\n", "ragged_row", 2, "1 cells"),
        ("DEPTH A B\n1.5 **** 7\n", "not_a_number", 2, "'****'"),
        ('DEPTH A B\n1.5 "2" 7\n', "not_a_number", 2, "neither a number"),
        ("depth,a,b\n1,2.5D+02,3\n", "not_a_number", 2, "'2.5D+02'"),
        ("depth,AMP\n1,2\n2,3\n", "wrong_width", None, "the first depth stands in one line alone"),
        ("depth,AMP\n1,2\n1,3\n2,3\n3,4\n3,5\n", "ragged_row", 4, "the depth 2 stands in 1 lines"),
        ("depth,AMP\n1,2\n1,3\n2,3\n2,4\n2,5\n3,5\n", "ragged_row", 4, "the depth 2 stands in 3 lines"),
        ("depth,AMP\n1,2\n1,3\n2,3\n", "ragged_row", 4, "where the first depth stands in 2"),
        ("depth,AMP\n1,2\n1,3\n,4\n2,3\n", "ragged_row", 5, "stands in 1 lines"),
        ("depth,AMP\n1,2\n1,x\n", "not_a_number", 3, "'x'"),
        ("depth,AMP\n,2\n,3\n", "depth_missing", None, "None of the 2 rows"),
        (
            "depth,AMP\n" + "1,2\n" * 20000,
            "wrong_width",
            None,
            "16385 lines, one for each pixel, where at most 16384",
        ),
        ("depth," + ",".join(map(str, range(16385))) + "\n1\n", "wrong_width", 1, "at most 16384"),
    ],
)
def test_what_is_ambiguous_or_mixed_fails_with_what_was_seen(tmp_path, content, reason, row, hint):
    path = tmp_path / "well.csv"
    path.write_text(content)
    with pytest.raises(FileError) as caught:
        read(path)
    assert (caught.value.reason, caught.value.row) == (reason, row), caught.value.message
    assert hint in caught.value.message


@pytest.mark.parametrize("comment", ["# a\n" * 400_000, "# " + "a" * 2_000_000 + "\n"])
def test_comments_without_end_are_not_read_to_theirs(tmp_path, comment):
    path = tmp_path / "well.csv"
    path.write_text(comment + "depth,a,b\n1,2,3\n")
    with pytest.raises(FileError, match="too long") as caught:
        read(path)
    assert caught.value.reason == "no_header"


@pytest.mark.parametrize("rows", [1, 3, 7, 8192])
def test_flattened_rows_are_the_same_wherever_chunks_end(tmp_path, rows):
    depths, pixels = image_rows(40, width=6, seed=2, pad_gaps=True)
    lines = [f"{depth!r},{value!r}" for depth, row in zip(depths, pixels, strict=True) for value in row]
    path = tmp_path / "well.csv"
    path.write_text("\n".join(["depth,AMP", *lines, ",", ","]))
    source = read(path, source_width=6)[2].open()
    chunks = list(source.chunks(rows))
    assert all(1 <= len(chunk.depths) <= rows for chunk in chunks)
    np.testing.assert_array_equal(np.concatenate([chunk.depths for chunk in chunks]), depths)
    np.testing.assert_array_equal(np.concatenate([chunk.pixels for chunk in chunks]), pixels)
    assert np.concatenate([chunk.lines for chunk in chunks]).tolist() == list(range(2, 242, 6))
    assert (source.dropped_rows, source.integers8) == (1, False)


def test_integers_of_8_bits_are_told_in_flattened_files_too(tmp_path):
    path = tmp_path / "well.csv"
    path.write_text("depth,AMP\n1,2\n1,255\n")
    source = read(path)[2].open()
    assert [chunk.pixels.tolist() for chunk in source.chunks()] == [[[2.0, 255.0]]]
    assert source.integers8


def test_a_depth_that_goes_on_and_on_is_told_before_its_end(tmp_path, monkeypatch):
    monkeypatch.setattr("app.ingestion.readers.csv_source.SMALLEST_BLOCK", 64)
    path = tmp_path / "well.csv"
    path.write_text("depth,AMP\n1,2\n1,3\n" + "2,4\n" * 20_000 + "x,y\n")
    with pytest.raises(FileError, match="Line 4: the depth 2 stands in") as caught:
        list(open_file(path, settings_in(tmp_path, source_width=2)).images[0].open().chunks(1))
    assert (caught.value.reason, caught.value.row) == ("ragged_row", 4)
