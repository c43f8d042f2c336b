import tracemalloc

import numpy as np
import pytest

from app.errors import FileError
from app.ingestion.readers import csv_source, open_file
from tests.builders import image_rows, settings_in, write_csv


def opened(path, **changes):
    return open_file(path, settings_in(path.parent, source_width="any", **changes)).images[0].open()


def joined(chunks):
    chunks = list(chunks)
    return [
        np.concatenate([getattr(chunk, part) for chunk in chunks]) for part in ("depths", "pixels", "lines")
    ]


@pytest.fixture(scope="module")
def gappy(tmp_path_factory):
    """A file of 500 rows, some without depth, some blank lines; its depths, pixels and line numbers."""
    path = tmp_path_factory.mktemp("gappy") / "gappy.csv"
    depths, pixels = image_rows(500, width=12, seed=5, pad_gaps=True)
    write_csv(path, depths, pixels.round(2))
    lines = path.read_text().splitlines()
    for row in (1, 77, 78, 300):
        lines[row] = lines[row].replace(lines[row].split(",")[0], "", 1)
    lines[120] = ""
    path.write_text("\n".join(lines))
    kept = [row for row in range(500) if row + 1 not in (1, 77, 78, 300, 120)]
    return path, depths[kept], pixels.round(2)[kept], np.array(kept) + 2


@pytest.mark.parametrize("block_bytes", [1, 97, 1000, 1 << 20])
@pytest.mark.parametrize("rows", [1, 7, 8192])
def test_rows_are_the_same_wherever_blocks_and_chunks_end(monkeypatch, gappy, block_bytes, rows):
    monkeypatch.setattr(csv_source, "SMALLEST_BLOCK", block_bytes)
    path, depths, pixels, lines = gappy
    source = opened(path)
    chunks = list(source.chunks(rows))
    assert all(1 <= len(chunk.depths) <= rows for chunk in chunks)
    found = joined(chunks)
    np.testing.assert_array_equal(found[0], depths)
    np.testing.assert_array_equal(found[1], pixels)
    np.testing.assert_array_equal(found[2], lines)
    assert (source.dropped_rows, source.integers8) == (4, False)


def test_each_call_of_chunks_begins_anew(gappy):
    source = opened(gappy[0])
    first = joined(source.chunks(50))
    np.testing.assert_array_equal(joined(source.chunks(50))[1], first[1])
    assert source.dropped_rows == 4


def test_a_source_tells_what_the_header_says(tmp_path):
    path = tmp_path / "well.csv"
    path.write_text("MD;a;b;c\nft;;;\n1;2;3;4\n")
    source = opened(path)
    assert (source.width, source.depth_name, source.depth_unit) == (3, "MD", "ft")
    assert (source.dropped_rows, source.integers8) == (0, True)


def test_integers_of_8_bits_are_what_every_block_holds(monkeypatch, tmp_path):
    monkeypatch.setattr(csv_source, "SMALLEST_BLOCK", 1)
    path = tmp_path / "well.csv"
    for odd_row in (0, 1, 2):
        rows = [f"{row},{row * 2},{0.5 if row == odd_row else 7}" for row in range(3)]
        path.write_text("depth,a,b\n" + "\n".join(rows))
        source = opened(path)
        joined(source.chunks(1))
        assert not source.integers8


def test_the_first_row_at_fault_is_told_wherever_blocks_end(monkeypatch, tmp_path):
    path = tmp_path / "well.csv"
    path.write_text("depth,a,b\n" + "".join(f"{row},1,2\n" for row in range(40)) + "40,1\n41,x,2\n")
    for size in (1, 30, 100, 10_000):
        monkeypatch.setattr(csv_source, "SMALLEST_BLOCK", size)
        with pytest.raises(FileError) as caught:
            joined(opened(path).chunks(1))
        assert (caught.value.reason, caught.value.row) == ("ragged_row", 42)


@pytest.mark.parametrize("first_row", ["0,1,2,3,4,5,6,7,8", "0" + ",,,,,,,,"])
def test_memory_does_not_grow_with_the_file(tmp_path, first_row):
    path = tmp_path / "well.csv"
    header = "depth," + ",".join("abcdefgh")
    with path.open("w") as file:
        print(header, first_row, sep="\n", file=file)
        for row in range(1, 60_000):
            print(row, "100.25,101.25,102.25,103.25,104.25,105.25,106.25,107.25", sep=",", file=file)
    source = opened(path)
    tracemalloc.start()
    try:
        rows = sum(len(chunk.depths) for chunk in source.chunks(512))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert rows == 60_000
    assert peak < path.stat().st_size / 2


@pytest.mark.parametrize(("rows", "reason"), [("\n \n\t\n", "no_rows"), (",1,2\n\n,3,4", "depth_missing")])
def test_a_file_in_which_no_row_has_a_depth_gives_no_rows(tmp_path, rows, reason):
    path = tmp_path / "well.csv"
    path.write_text("depth,a,b\n" + rows)
    chunks = opened(path).chunks()
    with pytest.raises(FileError) as caught:
        next(chunks)
    assert caught.value.reason == reason
