"""What the end of a Parquet file says, as PyArrow says it; and ends that are spoiled."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import FileError
from app.ingestion.readers.compact_thrift import CompactReader
from app.ingestion.readers.parquet_footer import read_footer

ROWS = 1000
TABLE = pa.table(
    {
        "depth": [0.1 * row for row in range(ROWS)],
        "name": [f"row {row}" for row in range(ROWS)],
        "good": [row % 3 == 0 for row in range(ROWS)],
        "pixels": [[float(row)] * 7 for row in range(ROWS)],
        "said": [{"a": row, "b": str(row)} for row in range(ROWS)],
        "when": pa.array(range(ROWS), pa.timestamp("us", tz="UTC")),
    }
)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "x.parquet"
    pq.write_table(
        TABLE.replace_schema_metadata({"well": "A-1"}), path, row_group_size=300, write_page_index=True
    )
    return path


def test_rows_and_sizes_are_those_that_pyarrow_reads(path):
    footer, told = read_footer(path), pq.read_metadata(path)
    assert footer.rows == told.num_rows == ROWS
    assert [group.rows for group in footer.groups] == [300, 300, 300, 100]
    for number, group in enumerate(footer.groups):
        row_group = told.row_group(number)
        columns = [row_group.column(place) for place in range(row_group.num_columns)]
        assert group.size >= sum(column.total_uncompressed_size for column in columns)
        assert group.values["depth"] == group.rows
        assert group.values["pixels"] == 7 * group.rows
    assert footer.longest_list("pixels") == 7
    assert footer.longest_list("no such column") == 0


def ended(content: bytes, footer: str) -> bytes:
    told = bytes.fromhex(footer)
    return content + told + len(told).to_bytes(4, "little") + b"PAR1"


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda content: b"", "it has 0 bytes"),
        (lambda content: content[:-100], "does not end with PAR1"),
        (lambda content: b"X" + content[1:], "does not begin with PAR1"),
        (lambda content: content[:-4] + b"PARE", "it is encrypted"),
        (lambda content: content[:-8] + b"\xff\xff\xff\x7fPAR1", "does not fit into its"),
        (
            lambda content: content[:-12] + bytes.fromhex("16ff7f16 04000000") + b"PAR1",
            "its footer ends too early",
        ),
        (lambda content: ended(content, "19f1ffffffff7f00"), "do not fit into it"),
        (lambda content: ended(content, "15020000"), "it lacks the schema and the number of rows"),
        (lambda content: ended(content, "1502191500"), "kind 5 of value, where there should be structs"),
        (lambda content: ended(content, "1502190c1601190c00"), "it says that it holds less than no rows"),
        (lambda content: ended(content, "16" + "ff" * 11), "a number goes on for too long"),
    ],
)
def test_an_end_that_is_at_fault_is_told(path, spoil, why):
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(FileError, match=why) as caught:
        read_footer(path)
    assert caught.value.reason == "damaged"


FIELDS = {
    "true": "11",
    "false": "12",
    "byte": "13 ff",
    "int16": "14 05",
    "int64": "16 8002",
    "double": "17 0102030405060708",
    "text": "18 026869",
    "list of truths": "19 31 0102ff",
    "set of texts": "1a 28 026869 00",
    "map of nothing": "1b 00",
    "map of texts to truths": "1b 02 81 026869 01 0178 02",
    "struct": "1c 1502 00",
}


@pytest.mark.parametrize("field", FIELDS.values(), ids=FIELDS)
def test_a_field_that_is_skipped_is_skipped_whole(field):
    reader = CompactReader(bytes.fromhex(field + "160a" + "00"))
    kinds = reader.fields()
    reader.skip(next(kinds)[1])
    assert next(kinds) == (2, 6)
    assert reader.integer() == 5
    assert list(kinds) == []


@given(st.binary(max_size=300))
def test_whatever_the_bytes_they_are_read_once_and_to_an_end(content):
    reader = CompactReader(content)
    try:
        for _, kind in reader.fields():
            reader.skip(kind)
    except (IndexError, ValueError, RecursionError):
        pass


def test_structs_that_never_end_are_an_error_and_no_crash():
    reader = CompactReader(b"\x1c" * 100_000)
    with pytest.raises(RecursionError):
        for _, kind in reader.fields():
            reader.skip(kind)
