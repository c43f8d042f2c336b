from __future__ import annotations

import lasio
import numpy as np
import pytest

from app.errors import FileError
from app.ingestion.readers import open_file
from tests.builders import sectors, settings_in, write_las

DEPTHS = np.round(1000 + 0.1 * np.arange(40), 1)
PIXELS = np.random.default_rng(1).normal(2.5, 0.2, (40, 16)).round(4)


def read(path, image=0):
    """Depths, pixels and lines of one image of the file."""
    found = open_file(path, settings_in(path.parent)).images[image].open()
    chunks = list(found.chunks(rows=7))
    return tuple(np.concatenate([getattr(c, part) for c in chunks]) for part in ("depths", "pixels", "lines"))


def refusal(path):
    with pytest.raises(FileError) as caught:
        for image in open_file(path, settings_in(path.parent)).images:
            list(image.open().chunks())
    return caught.value


@pytest.fixture
def two_images(tmp_path):
    """A composite log: two images among other curves, with nulls."""
    pixels, gamma = PIXELS.copy(), PIXELS[:, :8] * 40
    pixels[:3] = pixels[-2:] = np.nan
    pixels[10, 4] = gamma[12, 0] = np.nan
    gamma[20] = np.nan
    other = {"GR.API": gamma[:, 0], "AT10.ohm": gamma[:, 1], "AT20.ohm": gamma[:, 1]}
    curves = other | sectors("ABDC", pixels) | sectors("GRAS", gamma, first=0, unit="API")
    parameters = " BS.IN 8.5 : bit size\n RUN. 2 : run\n"
    return write_las(tmp_path / "x.las", DEPTHS, curves, parameters=parameters), pixels, gamma


def test_families_of_curves_are_images(two_images):
    path, _pixels, gamma = two_images
    images = open_file(path, settings_in(path.parent)).images
    assert [(image.channel, image.open().width) for image in images] == [("ABDC", 16), ("GRAS", 8)]
    depths, values, lines = read(path, 1)
    np.testing.assert_array_equal(depths, DEPTHS)
    np.testing.assert_array_equal(values, gamma)
    text = path.read_text().splitlines()
    assert [float(text[line - 1].split()[0]) for line in lines] == DEPTHS.tolist()


def test_null_rows_above_and_below_an_image_are_left_out(two_images):
    path, pixels, _ = two_images
    depths, values, _ = read(path)
    np.testing.assert_array_equal(depths, DEPTHS[3:-2])
    np.testing.assert_array_equal(values, pixels[3:-2])


def test_what_the_header_says_is_said_of_each_image(two_images):
    path, *_ = two_images
    abdc, gras = (image.metadata for image in open_file(path, settings_in(path.parent)).images)
    assert (abdc.well, abdc.run, abdc.unit, gras.unit) == ("Test 1", "2", "g/cc", "API")
    assert abdc.hole_diameter == pytest.approx(8.5 * 0.0254)
    assert abdc.other == {"curves": "ABDC1M … ABDC16M", "description": "a curve"}


def test_the_same_numbers_as_lasio(two_images):
    path, *_ = two_images
    las = lasio.read(path)
    for image, (name, count, first) in enumerate([("ABDC", 16, 1), ("GRAS", 8, 0)]):
        theirs = np.column_stack([las[f"{name}{first + column}M"] for column in range(count)])
        kept = slice(3, -2) if image == 0 else slice(None)
        np.testing.assert_array_equal(read(path, image)[1], theirs[kept])


def test_a_wrapped_file_is_read_as_one_that_is_not(tmp_path):
    pixels = PIXELS.copy()
    pixels[5, 5] = np.nan
    curves = sectors("X", pixels)
    plain = write_las(tmp_path / "plain.las", DEPTHS, curves)
    wrapped = write_las(tmp_path / "wrapped.las", DEPTHS, curves, wrapped=True)
    for mine, theirs in zip(read(wrapped)[:2], read(plain)[:2], strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert np.diff(read(wrapped)[2]).tolist() == [5] * 39


LAS3 = """~Version
VERS.   3.0 : CWLS LOG ASCII STANDARD -VERSION 3.0
WRAP.   NO  :
DLM .   {delimiter} :
~Well
NULL . -999.25 :
WELL . ANY ET AL 01-02 : WELL
UWI  . 0100012 : UWI
~Log_Parameter
RUN . 3 : run {{S}}
~Log_Definition
DEPT   .FT  : Depth {{F}}
TIME   .    : Time of day {{S}}
NMR[1] .mV  : 5 Echo array {{AF10.4;0ms}}
NMR[2] .mV  : 5 Echo array {{AF10.4;5ms}}
NMR[3] .mV  : 5 Echo array {{AF10.4;10ms}}
NMR[4] .mV  : 5 Echo array {{AF10.4;15ms}}
~Log_Data | Log_Definition
{rows}
~Core_Definition
DEPT.M : core depth
~Core_Data | Core_Definition
1,2,3
"""


@pytest.mark.parametrize(("delimiter", "mark"), [("COMMA", ","), ("TAB", "\t"), ("SPACE", "  ")])
def test_las_3_with_its_delimiters_and_arrays(tmp_path, delimiter, mark):
    null = "-999.25" if delimiter == "SPACE" else ""
    rows = [["1670.5", "10:20:59", "1", "2", "3", "4"], ["1670.0", "10:21:00", "5", null, "7", "8"]]
    path = tmp_path / "x.las"
    path.write_text(LAS3.format(delimiter=delimiter, rows="\n".join(map(mark.join, rows))))
    (image,) = open_file(path, settings_in(tmp_path)).images
    assert (image.channel, image.open().depth_unit) == ("NMR", "ft")
    assert (image.metadata.uwi, image.metadata.run, image.metadata.unit) == ("0100012", "3", "mV")
    assert image.metadata.other["description"] == "Echo array"
    depths, values, _ = read(path)
    assert depths.tolist() == [1670.5, 1670.0]
    np.testing.assert_array_equal(values, [[1, 2, 3, 4], [5, np.nan, 7, 8]])


def test_a_quoted_text_may_hold_the_delimiter(tmp_path):
    path = tmp_path / "x.las"
    path.write_text(LAS3.format(delimiter="COMMA", rows='1,"shaly, wet",1,2,3,4\n2,,1,2,3,4'))
    assert read(path)[0].tolist() == [1, 2]


def test_two_logs_of_one_file_give_images_of_two_names(tmp_path):
    path = tmp_path / "x.las"
    text = LAS3.format(delimiter="COMMA", rows="1,,1,2,3,4")
    again = text[text.index("~Log_Definition") : text.index("~Core")].replace("Log_Data", "Log_Data[2]")
    path.write_text(text + again)
    assert [image.channel for image in open_file(path, settings_in(tmp_path)).images] == ["NMR", "NMR_2"]


def test_values_that_run_into_each_other_are_told_apart(tmp_path):
    path = write_las(tmp_path / "x.las", DEPTHS, sectors("X", PIXELS[:, :4]))
    rows = path.read_text()
    path.write_text(rows[: rows.index("~ASCII")] + "~ASCII\n1 2.5-999.25-999.25 1.5\n2 1.0e-3 2 3 4\n")
    _depths, values, _ = read(path)
    np.testing.assert_array_equal(values, [[2.5, np.nan, np.nan, 1.5], [0.001, 2, 3, 4]])


def test_comments_blank_lines_and_the_end_mark_of_dos_are_no_rows(tmp_path):
    path = write_las(tmp_path / "x.las", DEPTHS, sectors("X", PIXELS[:, :4]))
    rows = path.read_text()
    content = rows[: rows.index("~ASCII")] + "~ASCII\n# a comment\n\n1 1 2 3 4\n2 1 2 3 4\n\x1a"
    path.write_bytes(content.replace("\n", "\r\n").encode())
    first = content.count("\n", 0, content.index("# a")) + 1
    depths, _, lines = read(path)
    assert (depths.tolist(), lines.tolist()) == ([1, 2], [first + 2, first + 3])


def test_rows_without_depth_are_dropped_and_counted(tmp_path):
    depths = DEPTHS.copy()
    depths[3] = np.nan
    source = open_file(
        write_las(tmp_path / "x.las", depths, sectors("X", PIXELS[:, :4])), settings_in(tmp_path)
    )
    opened = source.images[0].open()
    assert sum(len(chunk.depths) for chunk in opened.chunks()) == 39
    assert opened.dropped_rows == 1


def test_bytes_are_told_from_other_numbers(tmp_path):
    for pixels, whole in ((np.arange(160.0).reshape(40, 4), True), (PIXELS[:, :4], False)):
        path = write_las(tmp_path / "x.las", DEPTHS, sectors("X", pixels))
        opened = open_file(path, settings_in(tmp_path)).images[0].open()
        list(opened.chunks())
        assert opened.integers8 is whole


def broken(change, **options):
    """A good file of 40 rows and four sectors, its text changed."""

    def write(folder):
        path = write_las(folder / "x.las", DEPTHS, sectors("X", PIXELS[:, :4]), **options)
        path.write_text(change(path.read_text()))
        return path

    return write


def before_rows(text):
    return text[: text.index("~ASCII")]


@pytest.mark.parametrize(
    ("write", "reason", "says"),
    [
        (broken(lambda text: text.replace("~", "")), "no_header", "No line begins with ~"),
        (broken(lambda text: text.replace("~Curve", "~Other")), "no_header", "no ~Curve section"),
        (broken(before_rows), "no_rows", "no ~ASCII section"),
        (broken(lambda text: before_rows(text) + "~ASCII\n"), "no_rows", "no rows"),
        (broken(lambda text: text.replace("X3M", "X9M")), "no_image", "'DEPT', 'X1M', 'X2M', 'X9M', 'X4M'"),
        (broken(lambda text: text.replace("DEPT.M", "TIME.S")), "no_depth_column", "TIME (S)"),
        (broken(lambda text: text[:-20]), "ragged_row", "values, where the header names 5 curves"),
        (broken(lambda text: text[:-20], wrapped=True), "ragged_row", "the file is not complete"),
        (broken(lambda text: text + " 1 2\n"), "ragged_row", "has 2 values"),
        (broken(lambda text: text + " 1 2 3 4 5 6\n"), "ragged_row", "has 6 values"),
        (broken(lambda text: text + " 1 2 3\n 4 5 6\n", wrapped=True), "ragged_row", "has 6 values or more"),
        (broken(lambda text: text + " 1004 2 3 x 5\n"), "not_a_number", "column 'X3M': 'x'"),
        (broken(lambda text: text + " 1004 2 3 True 5\n"), "not_a_number", "'True'"),
        (broken(lambda text: text + " 1004 2 3 1e999 5\n"), "infinite_value", "'1e999'"),
        (broken(lambda text: text + " 1004 2 3 \0 5\n"), "not_a_number", "is neither"),
        (
            broken(lambda text: before_rows(text) + "~ASCII\n -999.25 1 2 3 4\n"),
            "depth_missing",
            "None of the 1",
        ),
        (broken(lambda text: text.replace("a curve", "a" * 3_000_000)), "no_header", "longer than 1 MiB"),
        (
            broken(lambda text: text.replace("~ASCII", " Y.V : y\n" * 20_001 + "~ASCII")),
            "no_header",
            "names 20006 curves",
        ),
        (broken(lambda text: "LASF" + text), "unsupported_format", "LiDAR"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path, write, reason, says):
    path = write(tmp_path)
    error = refusal(path)
    assert error.reason == reason
    assert says in error.message
    if error.row is not None:
        assert error.row <= path.read_text().count("\n") + 1


def test_lines_of_the_head_that_are_none_are_passed_over(tmp_path):
    path = write_las(tmp_path / "x.las", DEPTHS, sectors("X", PIXELS[:, :4]))
    path.write_text(path.read_text().replace("~Curve\n", "no item here\n\n# a comment\n~Curve\n# names\n"))
    assert read(path)[1].shape == (40, 4)


def test_a_thousand_curves_of_one_name_are_read_at_once(tmp_path):
    path = write_las(tmp_path / "x.las", DEPTHS, {f"Y.{'V' * number}": DEPTHS for number in range(1000)})
    assert refusal(path).reason == "no_image"


def test_version_1_2_says_what_a_value_is_after_its_name(tmp_path):
    path = write_las(tmp_path / "x.las", DEPTHS, sectors("X", PIXELS[:, :4]), version="1.2")
    path.write_text(path.read_text().replace("WELL. Test 1 : well", "WELL. well : Test 12"))
    assert open_file(path, settings_in(tmp_path)).images[0].metadata.well == "Test 12"


def test_a_head_in_latin_1_is_read(tmp_path):
    path = write_las(tmp_path / "x.las", DEPTHS, sectors("X", PIXELS[:, :4]), well="Größe")
    path.write_bytes(path.read_text().encode("latin-1"))
    assert open_file(path, settings_in(tmp_path)).images[0].metadata.well == "Größe"
