"""Parquet: the columns of the Arrow stream, by row groups; its footer comes last, so that half a file is none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import IO

from app.rendering.exports.arrow import batch, schema
from app.rendering.exports.pulling import pulled
from app.rendering.exports.table import Pieces, Table, Values

GROUP_ROWS = 16_384
PAGE_ROWS = 1024  # what is compressed in one go, while other threads wait


def parquet(table: Table, blocks: Iterable[Values]) -> Pieces:
    """Columns `depth` float64 and `p1` … float32, nulls as nulls; ZSTD. Its metadata says what the image is."""
    return pulled(lambda file: _write(table, blocks, file))


def _write(table: Table, blocks: Iterable[Values], file: IO[bytes]) -> None:
    from arro3.core import RecordBatch, RecordBatchReader, Schema
    from arro3.io import write_parquet

    shape = schema(table)
    failures: list[Exception] = []  # the writer tells that there was one, and not which

    def batches() -> Iterator[RecordBatch]:
        try:
            for depths, values in table.with_depths(blocks):
                yield RecordBatch.from_arrow(batch(shape, depths, values))
        except Exception as error:
            failures.append(error)
            raise

    try:
        write_parquet(
            RecordBatchReader.from_batches(Schema.from_arrow(shape), batches()),
            file,
            compression="zstd(1)",
            dictionary_enabled=False,  # plain values: every reader knows them, none is quicker to write
            max_row_group_size=GROUP_ROWS,
            data_page_row_count_limit=PAGE_ROWS,
            write_batch_size=PAGE_ROWS,
            key_value_metadata=table.about,
        )
    except Exception as error:
        raise (failures[0] if failures else error) from None
