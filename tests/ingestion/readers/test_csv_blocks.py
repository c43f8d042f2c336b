import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import FileError
from app.ingestion.readers import csv_blocks
from app.ingestion.readers.csv_blocks import count_byte, line_blocks


@given(text=st.binary(max_size=200), byte=st.sampled_from([b"\n", b",", b"\0", b"\xff"]))
def test_bytes_are_counted(text, byte):
    assert count_byte(text, byte) == text.count(byte)


@given(text=st.text("a,\r\n", max_size=80), size=st.integers(1, 30), first=st.integers(1, 5))
def test_blocks_are_whole_lines_with_their_numbers_whatever_their_size(text, size, first):
    content = text.encode()
    line = first
    pieces = []
    for block, number in line_blocks(io.BytesIO(content), first, size):
        assert number == line
        assert block
        line += block.count(b"\n")
        pieces.append(block)
    assert b"".join(pieces) == content
    assert all(piece.endswith(b"\n") for piece in pieces[:-1])


@given(lines=st.lists(st.text("a", max_size=20), max_size=30), size=st.integers(1, 30))
def test_a_block_is_longer_than_asked_only_by_the_line_it_ends_with(lines, size):
    content = "".join(line + "\n" for line in lines).encode()
    longest = max(map(len, lines), default=0) + 1
    assert all(len(block) < size + longest for block, _ in line_blocks(io.BytesIO(content), 1, size))


def test_blocks_begin_where_the_file_stands():
    file = io.BytesIO(b"header\n1\n2\n")
    file.readline()
    assert list(line_blocks(file, 2, 100)) == [(b"1\n2\n", 2)]


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_a_line_without_end_is_not_held_in_memory(monkeypatch, end):
    monkeypatch.setattr(csv_blocks, "LONGEST_LINE", 1 << 20)
    file = io.BytesIO(b"1\n2\n" + b"3" * (3 << 20) + end)
    with pytest.raises(FileError, match="Line 3 is longer than 1 MiB") as caught:
        list(line_blocks(file, 1, 1024))
    assert (caught.value.reason, caught.value.row) == ("ragged_row", 3)
    assert file.tell() < (1 << 20) + 4096
