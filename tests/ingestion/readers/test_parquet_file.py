import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from app.errors import FileError
from app.ingestion.readers import Metadata, open_file, parquet_file
from tests.builders import image_rows, ingest, settings_in
from tests.ingestion.readers.test_npy_file import DEPTHS, NULLED, PIXELS, rows

PROJECT = Path(__file__).parents[3]
LISTS = [[1.5, None], [3.0, -999.25], [5.0, 6.0]]


def written(tmp_path, table, metadata=None, **options):
    path = tmp_path / "well.parquet"
    table = table if isinstance(table, pa.Table) else pa.table(table)
    pq.write_table(table.replace_schema_metadata(metadata) if metadata else table, path, **options)
    return path


def opened(path, **changes):
    return open_file(path, settings_in(path.parent, **{"source_width": "any"} | changes))


def columns(**beside):
    return {"depth": DEPTHS, **beside, "p0": pa.array(PIXELS[:, 0], from_pandas=True), "p1": PIXELS[:, 1]}


GOOD = {
    "columns": columns(),
    "columns of float32": {name: pa.array(column, pa.float32()) for name, column in columns().items()},
    "other columns beside": columns(tension=[1, 2, 3], note=["a", "b", None], flags=[True, None, False]),
    "an array's elements": {
        "MD": DEPTHS,
        "AMP[1]": PIXELS[:, 1],
        "gr1": DEPTHS,
        "gr2": DEPTHS,
        "AMP[0]": PIXELS[:, 0],
    },
    "lists": {"depth": DEPTHS, "FMI": pa.array(LISTS)},
    "lists of float32": {"depth": DEPTHS, "FMI": pa.array(LISTS, pa.list_(pa.float32()))},
    "large lists": {"depth": DEPTHS, "FMI": pa.array(LISTS, pa.large_list(pa.float64()))},
    "lists of one length": {
        "depth": DEPTHS,
        "gr": [1, 2, 3],
        "FMI": pa.array(LISTS, pa.list_(pa.float64(), 2)),
    },
}


@pytest.mark.parametrize("table", GOOD.values(), ids=GOOD)
@pytest.mark.parametrize("options", [{}, {"row_group_size": 2, "compression": "zstd"}, {"data_page_size": 1}])
def test_depths_and_pixels_are_an_image(tmp_path, table, options):
    (image,) = opened(written(tmp_path, table, **options)).images
    assert (image.channel, image.rows, image.metadata) == ("", 3, Metadata())
    source = image.open()
    for at_most in (1, 2, 8192):
        depths, pixels, lines = rows(source, at_most)
        np.testing.assert_array_equal(depths, DEPTHS)
        np.testing.assert_array_equal(pixels, NULLED)
        assert lines.tolist() == [1, 2, 3]
    assert (source.width, source.row_word, source.integers8) == (2, "row", False)


@pytest.mark.parametrize("index", [False, True])
def test_a_frame_of_pandas_is_an_image(tmp_path, index):
    frame = pd.DataFrame(PIXELS, columns=["a", "b"], index=[7, 8, 10])
    frame.insert(0, "depth", DEPTHS)
    frame = frame.set_index("depth") if index else frame
    frame.to_parquet(tmp_path / "well.parquet")
    (image,) = opened(tmp_path / "well.parquet").images
    depths, pixels, _ = rows(image.open())
    np.testing.assert_array_equal(depths, DEPTHS)
    np.testing.assert_array_equal(pixels, NULLED)
    assert image.metadata == Metadata()


def test_columns_of_lists_are_an_image_each(tmp_path):
    table = {"depth": DEPTHS, "STAT": pa.array(LISTS), "DYN": pa.array([[1, 2, 3], None, [255, 0, 7]])}
    stat, dyn = opened(written(tmp_path, table)).images
    assert (stat.channel, dyn.channel) == ("STAT", "DYN")
    source = dyn.open()
    np.testing.assert_array_equal(rows(source)[1], [[1, 2, 3], [np.nan] * 3, [255, 0, 7]])
    assert source.integers8
    np.testing.assert_array_equal(rows(stat.open())[1], NULLED)


def test_what_the_schema_says_is_kept(tmp_path):
    fields = [
        pa.field("depth", pa.float64(), metadata={"unit": "FEET"}),
        pa.field("a", pa.float64(), metadata={"units": "dB"}),
        pa.field("b", pa.float64()),
    ]
    table = pa.table([DEPTHS, PIXELS[:, 0], PIXELS[:, 1]], schema=pa.schema(fields))
    path = written(tmp_path, table, {"well": "A", "Bit size": "12 in", "field": "F", "pandas": "{}"})
    (image,) = opened(path).images
    assert image.open().depth_unit == "ft"
    assert image.metadata == Metadata(well="A", unit="dB", hole_diameter=1.0, other={"field": "F"})


@pytest.mark.parametrize(
    ("name", "metadata", "unit"),
    [("depth_ft", {"depth_unit": "m"}, "ft"), ("MD", {"depth_unit": "m"}, "m"), ("MD", None, None)],
)
def test_the_unit_of_the_depth_is_said_in_its_name_or_beside_the_table(tmp_path, name, metadata, unit):
    path = written(tmp_path, {name: DEPTHS, "a": DEPTHS, "b": DEPTHS}, metadata)
    assert opened(path).images[0].open().depth_unit == unit


def test_rows_without_depth_are_dropped(tmp_path):
    table = {"depth": [1.0, None, -999.25, 2.0], "a": [1, 2, 3, 4], "b": [5, 6, 7, 8]}
    source = opened(written(tmp_path, table)).images[0].open()
    depths, pixels, lines = rows(source, 2)
    assert (depths.tolist(), pixels.tolist(), lines.tolist()) == ([1, 2], [[1, 5], [4, 8]], [1, 4])
    assert source.dropped_rows == 2


def test_lists_may_begin_with_nulls(tmp_path):
    path = written(tmp_path, {"depth": DEPTHS, "FMI": pa.array([None, None, [1, 2]])})
    np.testing.assert_array_equal(rows(opened(path).images[0].open())[1], [[np.nan] * 2] * 2 + [[1, 2]])


def footer_end(content):
    return len(content) - 8 - int.from_bytes(content[-8:-4], "little")


PLAIN = columns()
BAD = {
    "no depth": ({"x": DEPTHS, "a": DEPTHS}, "no_depth_column", "names no depth column; it names 'x', 'a'"),
    "depths in words": ({"depth": ["1", "2"], "a": [1, 2], "b": [1, 2]}, "no_depth_column", "names 'a', 'b'"),
    "two depths": ({"depth": DEPTHS, "MD": DEPTHS, "a": DEPTHS}, "duplicate_column", "2 depth columns"),
    "one name twice": (
        pa.table([DEPTHS, DEPTHS, DEPTHS], names=["depth", "a", "a"]),
        "duplicate_column",
        "2 columns 'a'",
    ),
    "nothing but depths": ({"depth": DEPTHS}, "wrong_width", "at least 2"),
    "two families": (
        {"depth": [1], "A[0]": [1], "A[1]": [1], "B[0]": [1], "B[1]": [1]},
        "wrong_width",
        "could be 2 images",
    ),
    "no rows": ({"depth": pa.array([], pa.float64()), "a": pa.array([], pa.float64())}, "no_rows", "no rows"),
    "lists of other lengths": (
        {"depth": DEPTHS, "FMI": [[1, 2], [1, 2], [1, 2, 3]]},
        "ragged_row",
        "Row 3: 'FMI' has 3 values, where the first row has 2",
    ),
    "lists of nothing": ({"depth": DEPTHS, "FMI": [[], [], []]}, "wrong_width", "at least 2"),
    "lists of null": (
        {"depth": DEPTHS, "FMI": pa.array([None] * 3, pa.list_(pa.int8()))},
        "no_image",
        "null in every row",
    ),
    "lists too long": ({"depth": [1.0], "FMI": [[0] * 20000]}, "wrong_width", "at most 16384"),
    "one length that is absurd": (
        {"depth": [1.0], "FMI": pa.array([[0] * 20000], pa.list_(pa.int8(), 20000))},
        "wrong_width",
        "at most 16384",
    ),
    "depths of nothing": (
        {"depth": [None, np.nan], "a": [1, 2], "b": [1, 2]},
        "depth_missing",
        "None of the 2",
    ),
    "two units": (
        pa.table(
            [DEPTHS, DEPTHS, DEPTHS],
            schema=pa.schema(
                [("depth", pa.float64())]
                + [
                    pa.field(name, pa.float64(), metadata={"unit": unit})
                    for name, unit in (("a", "V"), ("b", "mV"))
                ]
            ),
        ),
        "mixed_units",
        "Column 'a' is in 'V' and column 'b' in 'mV'",
    ),
    "text": (lambda content: b"depth,a,b\n1,2,3\n", "damaged", "cannot be read as Parquet"),
    "empty": (lambda content: b"", "damaged", "cannot be read as Parquet"),
    "cut short": (lambda content: content[:-20], "damaged", "cannot be read as Parquet"),
    "a start alone": (lambda content: content[:4], "damaged", "cannot be read as Parquet"),
    "a footer that is too long": (
        lambda content: content[:-8] + b"\xff\xff\xff\x7fPAR1",
        "damaged",
        "cannot be read as Parquet",
    ),
    "a footer of rubbish": (
        lambda content: (
            content[: footer_end(content)] + b"\xff" * (len(content) - footer_end(content) - 8) + content[-8:]
        ),
        "damaged",
        "cannot be read as Parquet",
    ),
    "pages of rubbish": (
        lambda content: b"PAR1" + b"\xff" * (footer_end(content) - 4) + content[footer_end(content) :],
        "damaged",
        "cannot be read as Parquet",
    ),
}


@pytest.mark.parametrize(("table", "reason", "hint"), BAD.values(), ids=BAD)
def test_a_bad_file_fails_with_what_is_wrong(tmp_path, table, reason, hint):
    path = written(tmp_path, PLAIN if callable(table) else table)
    if callable(table):
        path.write_bytes(table(path.read_bytes()))
    with pytest.raises(FileError) as caught:
        rows(opened(path).images[0].open())
    assert (caught.value.reason, hint in caught.value.message) == (reason, True), caught.value.message


def test_a_few_bytes_that_say_a_billion_rows_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet_file, "FREE_BYTES", 1 << 20)
    table = {"depth": np.zeros(200_000), "a": np.zeros(200_000), "b": np.zeros(200_000)}
    with pytest.raises(
        FileError, match="says that it holds 200000 rows of 2 pixels, 1600000 bytes"
    ) as caught:
        opened(written(tmp_path, table))
    assert caught.value.reason == "unpacked_too_large"


READ_ALL = """
import re, sys
from pathlib import Path
from app.ingestion.readers import open_file
from app.settings import Settings

def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])

image = open_file(Path(sys.argv[1]), Settings(source_width="any")).images[0]
before = peak()
count = sum(len(chunk.depths) for chunk in image.open().chunks(1024))
print(count, peak() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux how much memory a process ever had")
def test_memory_does_not_grow_with_the_file(tmp_path):
    """A row group is read page by page. Neither Python nor Arrow knows of all the memory: only the system does."""
    depths, pixels = image_rows(2000, width=100)
    names = ["depth", *(f"p{column}" for column in range(100))]
    batch = pa.table([depths, *pixels.T], names=names)
    table = pa.concat_tables([batch] * 60).set_column(0, "depth", pa.array(np.arange(120_000.0)))
    path = written(tmp_path, table, row_group_size=120_000, use_dictionary=False, data_page_size=64 * 1024)
    read = subprocess.run(
        [sys.executable, "-c", READ_ALL, path], capture_output=True, text=True, check=True, cwd=PROJECT
    )
    count, kilobytes = map(int, read.stdout.split())
    assert count == 120_000
    assert kilobytes < 40e3 < 120_000 * 100 * 8 / 2 / 1000


def test_images_of_one_file_are_stored_together(tmp_path, place):
    place = place.open(settings_in(tmp_path, source_width="any"))
    path = written(tmp_path, {"depth": DEPTHS, "STAT": pa.array(LISTS), "DYN": pa.array(LISTS)})
    job = ingest(place, path)
    assert job.state == "stored", job.message
    assert [place.images.get(image_id).channel for image_id in job.image_ids] == ["STAT", "DYN"]
    place.catalog.close()


def test_a_file_that_is_gone_is_no_fault_of_its_own(tmp_path):
    path = written(tmp_path, PLAIN)
    source = opened(path).images[0].open()
    path.unlink()
    with pytest.raises(FileNotFoundError):
        rows(source)


@pytest.mark.parametrize("error", [MemoryError, KeyboardInterrupt])
def test_what_is_no_word_on_the_file_is_left_as_it_is(tmp_path, monkeypatch, error):
    def interrupted(*arguments, **options):
        raise error

    monkeypatch.setattr("arro3.io.read_parquet", interrupted)
    with pytest.raises(error):
        opened(written(tmp_path, PLAIN))


@pytest.mark.skipif(sys.platform != "linux", reason="looks for the open file under /proc")
def test_a_disk_that_fails_is_no_fault_of_the_file(tmp_path):
    path = written(tmp_path, {name: np.arange(50_000.0) for name in ("depth", "a", "b")})
    chunks = opened(path).images[0].open().chunks()
    next(chunks)
    folder = os.open(tmp_path, os.O_RDONLY)  # reading goes on in what is no file
    for held in Path("/proc/self/fd").iterdir():
        if held.is_symlink() and held.readlink() == path:
            os.dup2(folder, int(held.name))
    os.close(folder)
    with pytest.raises(IsADirectoryError):
        list(chunks)


def test_fewer_rows_than_the_file_says_are_damage(tmp_path, monkeypatch):
    path = written(tmp_path, PLAIN)
    source = opened(path).images[0].open()
    pq.write_table(pa.table(PLAIN).slice(0, 2), path)
    with pytest.raises(FileError, match="says that it holds 3 rows, and holds 2") as caught:
        rows(source)
    assert caught.value.reason == "damaged"
