"""What becomes of the files people drop: those that are taken, and what the owner of a bad one reads."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import pytest
from scipy import ndimage

from app.errors import Reason
from app.storage.arrays.reading import RowReader
from tests.builders import ingest, settings_in

DEPTHS = np.array([9000.1, 9000.2, 9000.3])
PIXELS = np.array([[10.0, 20.0, 40.0], [50.0, 25.0, 75.0], [90.0, 5.0, 15.0]])
PLAIN = "depth,a,b,c\n9000.1,10,20,40\n9000.2,50,25,75\n9000.3,90,5,15\n"


@pytest.fixture
def settings(tmp_path):
    return settings_in(tmp_path, source_width=3, rounding="none")


def drop(place, content, name="well.csv"):
    file = place.folders.data / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return ingest(place, file)


def stored(place, job):
    """The catalog's row, the depths and the values of the one image that a job made."""
    assert job.state == "stored", (job.reason, job.message)
    image = place.images.get(job.image_ids[0])
    reader = RowReader(place.arrays, cache_bytes=0)
    depths = reader.depths(image.id, image.rows).copy()
    values = reader.rows(image.id, 0, 0, image.rows).copy()
    reader.close()
    return image, depths, values


def zoomed(pixels):
    return ndimage.zoom(pixels, (1, 150 / pixels.shape[1]), order=3, mode="mirror")


GOOD = {
    "commas": PLAIN,
    "semicolons": PLAIN.replace(",", ";"),
    "tabs": PLAIN.replace(",", "\t"),
    "byte order mark": b"\xef\xbb\xbf" + PLAIN.encode(),
    "CRLF": PLAIN.replace("\n", "\r\n"),
    "no newline at the end": PLAIN.rstrip("\n"),
    "CRLF but a bare CR at the end": PLAIN.replace("\n", "\r\n").rstrip("\n"),
    "blank lines anywhere": "\n \r\n" + PLAIN.replace("\n", "\n\n \t\n"),
    "quoted header": PLAIN.replace("depth,a,b,c", '"depth","a","b","c"'),
    "quoted header with a delimiter in a name": PLAIN.replace("depth,a,b,c", 'depth,"a, first","b","c"'),
    "quoted cells": PLAIN.replace("20", '"20"').replace("9000.2", '"9000.2"'),
    "blanks around cells": PLAIN.replace(",", " , "),
    "other spellings of numbers": PLAIN.replace("10", "+1e1").replace("90,5", "90.,.5E+1"),
    "a column of any name": PLAIN.replace("a,b,c", "AMP[1],AMP[2],AMP[10]"),
    "numbers for names": PLAIN.replace("a,b,c", "0,1.8,3.6"),
    "Latin-1 header": PLAIN.replace("a,b,c", "a °,b °,c °").encode("latin-1"),
    "UTF-8 header": PLAIN.replace("a,b,c", "Amplitüde 1,Amplitüde 2,Amplitüde 3"),
    "depth in the last column": "a,b,c,depth\n10,20,40,9000.1\n50,25,75,9000.2\n90,5,15,9000.3\n",
    "depth in the middle": "a,DEPT,b,c\n10,9000.1,20,40\n50,9000.2,25,75\n90,9000.3,5,15\n",
    "columns out of order": "c10,c9,depth,c1\n40,20,9000.1,10\n75,25,9000.2,50\n15,5,9000.3,90\n",
    "azimuths out of order": "depth,112.5,0,22.5\n9000.1,40,10,20\n9000.2,75,50,25\n9000.3,15,90,5\n",
    "units row": PLAIN.replace("c\n9", "c\nM,OHMM,OHMM,OHMM\n9"),
    "units row of nothing but the depth's": PLAIN.replace("c\n9", "c\n[m],,,\n9"),
    "descending depth": "depth,a,b,c\n9000.3,90,5,15\n9000.2,50,25,75\n9000.1,10,20,40\n",
    "unnamed columns without anything in them": PLAIN.replace("\n", ",,\n"),
    "a trailing row with nothing in it": PLAIN + ",,,\n",
    "a row without depth in between": PLAIN.replace("9000.2", ",1,2,3\n9000.2"),
}


@pytest.mark.parametrize("content", GOOD.values(), ids=GOOD.keys())
def test_each_usual_kind_of_csv_gives_the_same_image(place, content):
    _, depths, values = stored(place, drop(place, content))
    np.testing.assert_array_equal(depths, DEPTHS)
    np.testing.assert_allclose(values, zoomed(PIXELS), rtol=1e-6, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("depth", None),
        ("DEPT", None),
        ("Md", None),
        ("TDEP", None),
        ("measured_depth", None),
        ("Measured Depth", None),
        ("depth_m", "m"),
        ("DEPT.M", "m"),
        ("Depth (ft)", "ft"),
        ("MD [feet]", "ft"),
        ("TDEP(0.1in)", "0.1in"),
    ],
)
def test_depth_goes_by_its_usual_names_which_may_carry_its_unit(place, name, unit):
    image, depths, _ = stored(place, drop(place, PLAIN.replace("depth", name)))
    assert image.depth_unit == unit
    np.testing.assert_array_equal(depths, DEPTHS)


@pytest.mark.parametrize(
    ("header", "unit"),
    [("depth,a,b,c\nF,,,", "ft"), ("depth_ft,a,b,c\nM,,,", "m"), ("depth_ft,a,b,c", "ft")],
)
def test_units_row_tells_the_unit_and_wins_over_the_name(place, header, unit):
    image, _, _ = stored(place, drop(place, PLAIN.replace("depth,a,b,c", header)))
    assert image.depth_unit == unit


@pytest.mark.parametrize(
    "null",
    [
        "",
        " ",
        "NaN",
        "nan",
        "NA",
        "n/a",
        "#N/A",
        "NULL",
        "None",
        "nOnE",
        "  nan  ",
        "-999.25",
        "-9999",
        "-999",
    ],
)
def test_null_values_and_null_words_are_null(place, null):
    row = ",".join(["9000.3", null, null, null])
    image, depths, values = stored(place, drop(place, PLAIN.replace("9000.3,90,5,15", row)))
    np.testing.assert_array_equal(depths, DEPTHS)
    np.testing.assert_allclose(values[:2], zoomed(PIXELS[:2]), rtol=1e-6, atol=1e-5)
    assert np.isnan(values[2]).all()
    assert image.statistics["null_count"] == 150


def test_rows_without_depth_are_dropped_and_counted(place):
    image, _, _ = stored(place, drop(place, PLAIN + ",1,2,3\n-999.25,1,2,3\n,,,\n"))
    assert (image.rows, image.dropped_rows) == (3, 3)


def test_direction_step_and_range_of_depths_are_recorded(place):
    upwards = "depth,a,b,c\n9000.3,1,2,3\n9000.2,4,5,6\n9000.1,7,8,9\n"
    image, _, _ = stored(place, drop(place, upwards))
    assert image.descending
    assert (image.depth_min, image.depth_max, image.step) == (9000.1, 9000.3, 0.1)
    assert not stored(place, drop(place, PLAIN))[0].descending


@pytest.mark.parametrize(
    ("values", "display"),
    [("0,128,255", (0.0, 255.0)), ("0,,255", (0.0, 255.0)), ("0,128.5,255", None), ("0,128,256", None)],
)
def test_integers_of_8_bits_are_shown_from_0_to_255(place, values, display):
    image, _, _ = stored(place, drop(place, f"depth,a,b,c\n1,{values}\n2,{values}\n"))
    assert ((image.display_low, image.display_high) == (0.0, 255.0)) == (display is not None)


@pytest.mark.parametrize("width", [2, 3, 16, 150, 201])
def test_width_any_takes_each_width(tmp_path, place, width):
    place = place.open(settings_in(tmp_path, source_width="any", rounding="none"))
    pixels = np.random.default_rng(width).integers(0, 256, (2, width)).astype(float)
    lines = [",".join(["depth", *(f"c{column}" for column in range(width))])]
    lines += [",".join([str(row), *map(str, pixels[row])]) for row in range(2)]
    image, _, values = stored(place, drop(place, "\n".join(lines)))
    place.catalog.close()
    assert (image.width, image.source_width) == (150, width)
    np.testing.assert_allclose(values, zoomed(pixels), rtol=1e-5, atol=1e-3)


@dataclass(frozen=True)
class Bad:
    """A file, and what the error report says; `hint` is the part of the message that tells what to do."""

    content: str | bytes
    reason: Reason
    hint: str
    row: int | None = None
    column: str | None = None
    value: str | None = None


BAD = {
    "empty": Bad("", Reason.EMPTY_FILE, "is empty"),
    "nothing but blank lines": Bad(b"\xef\xbb\xbf\n \r\n\n", Reason.EMPTY_FILE, "is empty"),
    "a workbook": Bad(b"PK\x03\x04\x14\0", Reason.UNSUPPORTED_FORMAT, "or an Excel workbook"),
    "UTF-16": Bad(PLAIN.encode("utf-16"), Reason.NOT_TEXT, "not a CSV file in UTF-8", 1),
    "lines that end in CR alone": Bad(
        PLAIN.replace("\n", "\r"), Reason.NOT_TEXT, "must end in LF or CRLF", 1
    ),
    "no header": Bad("9000.1,10,20,40\n", Reason.NO_HEADER, "put a header above the rows", 1),
    "header with an open quote": Bad('depth,"a,b,c\n1,2,3,4\n', Reason.NO_HEADER, "check its quotes", 1),
    "header without end": Bad("depth," * 200_000, Reason.NO_HEADER, "too long for a line of column names", 1),
    "no depth column": Bad("\nx,a,b,c\n1,2,3,4\n", Reason.NO_DEPTH_COLUMN, "Call it depth, DEPT, MD", 2),
    "a column twice": Bad("depth,a,b,a\n1,2,3,4\n", Reason.DUPLICATE_COLUMN, "a name of its own", 1, "a"),
    "two depths": Bad("depth,a,b,c,MD\n1,2,3,4,5\n", Reason.DUPLICATE_COLUMN, "leave only the one", 1, "MD"),
    "rows numbered": Bad(",depth,a,b,c\n0,1,2,3,4\n", Reason.UNNAMED_COLUMN, "remove it if it numbers", 1),
    "a column too few": Bad("depth,a,b\n1,2,3\n", Reason.WRONG_WIDTH, "BOREHOLE_SOURCE_WIDTH=2 accepts", 1),
    "a column too many": Bad("depth,a,b,c,d\n", Reason.WRONG_WIDTH, "BOREHOLE_SOURCE_WIDTH=any all", 1),
    "depth alone": Bad("depth\n1\n", Reason.WRONG_WIDTH, "at least 2 are expected", 1),
    "header alone": Bad("depth,a,b,c\n", Reason.NO_ROWS, "no rows below it"),
    "header and blank lines": Bad("depth,a,b,c\n\n \n\t\n", Reason.NO_ROWS, "no rows below it"),
    "header and units alone": Bad("depth,a,b,c\nM,,,\n", Reason.NO_ROWS, "no rows below it"),
    "row too short": Bad(PLAIN + "9000.4,1,2\n", Reason.RAGGED_ROW, "3 cells, where the header has 4", 5),
    "row too long": Bad(PLAIN + "9000.4,1,2,3,4", Reason.RAGGED_ROW, "5 cells, where the header has 4", 5),
    "row too long by nothing": Bad(PLAIN + "9000.4,1,2,3,\n", Reason.RAGGED_ROW, "5 cells", 5),
    "cut off": Bad(PLAIN[:-6], Reason.RAGGED_ROW, "2 cells, where the header has 4", 4),
    "open quote": Bad(PLAIN.replace("50", '"50'), Reason.RAGGED_ROW, "check its quotes", 3),
    "CR within a line": Bad(
        PLAIN.replace("50", "5\r0"), Reason.RAGGED_ROW, "End every line in LF or CRLF", 3
    ),
    "something without a name": Bad(
        PLAIN.replace("\n", ",\n").replace("75,", "75,x"),
        Reason.RAGGED_ROW,
        "Name the column or empty it",
        3,
        value="x",
    ),
    "a word": Bad(
        PLAIN.replace("25", "high"), Reason.NOT_A_NUMBER, "neither a number nor a null", 3, "b", "high"
    ),
    "a word after blank lines": Bad(
        PLAIN.replace("\n", "\r\n\r\n").replace("25", "high"), Reason.NOT_A_NUMBER, "'high'", 5, "b", "high"
    ),
    "a word below a units row": Bad(
        PLAIN.replace("c\n9", "c\nM,,,\n9").replace("90,5", "90,?"), Reason.NOT_A_NUMBER, "'?'", 5, "b", "?"
    ),
    "a word in the last line": Bad(PLAIN[:-1] + "x", Reason.NOT_A_NUMBER, "'15x'", 4, "c", "15x"),
    "a word in the depth": Bad(
        PLAIN.replace("9000.2", "deep"), Reason.NOT_A_NUMBER, "'deep'", 3, "depth", "deep"
    ),
    "a word where the depth is missing": Bad(PLAIN + ",a,,\n", Reason.NOT_A_NUMBER, "'a'", 5, "a", "a"),
    "decimal commas": Bad(
        PLAIN.replace(",", ";").replace("25", "2,5"),
        Reason.NOT_A_NUMBER,
        "Write decimals with a point",
        3,
        "b",
        "2,5",
    ),
    "thousands": Bad(PLAIN.replace("25", "1_000"), Reason.NOT_A_NUMBER, "'1_000'", 3, "b", "1_000"),
    "hexadecimal": Bad(PLAIN.replace("25", "0x19"), Reason.NOT_A_NUMBER, "'0x19'", 3, "b", "0x19"),
    "a column of truth": Bad("depth,a,b,c\n1,2,True,3\n", Reason.NOT_A_NUMBER, "'True'", 2, "b", "True"),
    "truth": Bad(PLAIN.replace("25", "True"), Reason.NOT_A_NUMBER, "'True'", 3, "b", "True"),
    "no-break space": Bad(
        PLAIN.replace("25", "2\u00a05"), Reason.NOT_A_NUMBER, r"2\xa05", 3, "b", "2\u00a05"
    ),
    "a long word": Bad(PLAIN.replace("25", "x" * 500), Reason.NOT_A_NUMBER, "xxx…'", 3, "b", "x" * 199 + "…"),
    "infinite": Bad(
        PLAIN.replace("25", "-Inf"), Reason.INFINITE_VALUE, "Leave the cell empty", 3, "b", "-Inf"
    ),
    "beyond float64": Bad(
        PLAIN.replace("25", "1e999"), Reason.INFINITE_VALUE, "Leave the cell", 3, "b", "1e999"
    ),
    "beyond float32": Bad(PLAIN.replace("25", "-1e39"), Reason.INFINITE_VALUE, "too large", 3, None, "1e+39"),
    "infinite depth": Bad(
        PLAIN.replace("9000.2", "inf"), Reason.INFINITE_VALUE, "infinite", 3, "depth", "inf"
    ),
    "NUL byte": Bad(PLAIN.replace("25", "2\0005"), Reason.NOT_TEXT, "damaged on its way", 3),
    "Latin-1 below the header": Bad(
        PLAIN.replace("25", "25°").encode("latin-1"),
        Reason.NOT_TEXT,
        "byte 13 of the line is 0xb0. Save the file",
        3,
    ),
    "no depth anywhere": Bad(
        "MD,a,b,c\n,1,2,3\nnan,1,2,3\n", Reason.DEPTH_MISSING, "None of the 2 rows", None, "MD"
    ),
    "a depth twice": Bad(
        PLAIN.replace("9000.3", "9000.2"), Reason.DEPTH_REPEATED, "also that of line 3", 4, "depth", "9000.2"
    ),
    "a depth twice at the top": Bad(
        PLAIN.replace("9000.2", "9000.1"), Reason.DEPTH_REPEATED, "own depth", 3, "depth", "9000.1"
    ),
    "a depth out of order": Bad(
        PLAIN + "9000.25,1,2,3\n", Reason.DEPTH_NOT_MONOTONIC, "Sort the rows by depth", 5, "depth", "9000.25"
    ),
    "a well that turns": Bad(
        "MD,a,b,c\n3,1,2,3\n2,1,2,3\n\n2.5,1,2,3\n",
        Reason.DEPTH_NOT_MONOTONIC,
        "descend up to there",
        5,
        "MD",
        "2.5",
    ),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_a_bad_file_fails_with_what_its_owner_needs_to_mend_it(place, bad):
    job = drop(place, bad.content)
    assert (job.state, job.reason) == ("failed", bad.reason), job.message
    assert bad.hint in job.message
    assert (job.row, job.column, job.value) == (bad.row, bad.column, bad.value)
    if bad.row is not None and bad.reason is not Reason.WRONG_WIDTH:
        assert job.message.startswith(f"Line {bad.row}")
    assert len(job.message) < 400
    report = json.loads((place.folders.failed / "well.csv.error.json").read_text())
    told = {
        "reason": bad.reason,
        "message": job.message,
        "row": bad.row,
        "column": bad.column,
        "value": bad.value,
    }
    assert told.items() <= report.items()
    assert place.images.totals().images == 0
    assert not list((place.settings.db_dir / "arrays").glob("shard-*/*/__fragments/*"))


def test_of_several_faults_in_a_block_the_first_is_told(place):
    job = drop(place, PLAIN.replace("20", "here").replace("75", "there"))
    assert (job.row, job.value) == (2, "here")


def test_a_mended_file_is_stored(place):
    assert drop(place, PLAIN.replace("25", "?")).state == "failed"
    assert drop(place, PLAIN).state == "stored"
    assert (place.folders.processed / "well.csv").read_text() == PLAIN


@pytest.mark.parametrize("name", ["well.doc", "well.png", "well"])
def test_a_file_of_another_kind_is_refused_by_its_name(place, name):
    job = drop(place, PLAIN, name)
    assert (job.state, job.reason) == ("failed", "unsupported_format")
    assert ".csv" in job.message


@pytest.mark.parametrize("name", ["well.CSV", "well.tsv", "well.txt", "well.dat", "well.asc"])
def test_tables_under_other_names_are_taken(place, name):
    assert drop(place, PLAIN, name).state == "stored"
