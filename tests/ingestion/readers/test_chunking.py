from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ingestion.readers import Chunk
from app.ingestion.readers.chunking import at_most, trimmed


def chunks(filled, lengths):
    """Rows that have a pixel where `filled` is 1, in chunks of these lengths."""
    start = 0
    for length in lengths:
        here = np.arange(start, start + length)
        pixels = np.where(np.array(filled)[here] == 1, 5.0, np.nan)[:, np.newaxis] * np.ones(3)
        yield Chunk(here.astype(float), pixels, here + 1)
        start += length


@pytest.mark.parametrize("lengths", [[9], [1] * 9, [2, 5, 2], [4, 5], [8, 1]])
@pytest.mark.parametrize(
    ("filled", "kept"),
    [
        ([1] * 9, range(9)),
        ([0, 0, 1, 1, 0, 0, 1, 0, 0], range(2, 7)),
        ([0] * 8 + [1], [8]),
        ([1] + [0] * 8, [0]),
        ([0] * 9, range(9)),
    ],
)
def test_null_rows_above_and_below_an_image_are_left_out_and_those_within_kept(filled, lengths, kept):
    found = list(trimmed(chunks(filled, lengths)))
    assert np.concatenate([chunk.depths for chunk in found]).tolist() == [*kept]
    assert np.concatenate([chunk.lines for chunk in found]).tolist() == [row + 1 for row in kept]
    values = np.concatenate([chunk.pixels for chunk in found])
    assert (~np.isnan(values).all(axis=1)).tolist() == [filled[row] == 1 for row in kept]


@given(total=st.integers(1, 60), rows=st.integers(1, 20))
def test_chunks_are_of_even_length(total, rows):
    chunk = Chunk(np.arange(total), np.zeros((total, 2)), np.arange(total))
    pieces = list(at_most(rows, chunk))
    sizes = [len(piece.depths) for piece in pieces]
    assert sum(sizes) == total
    assert max(sizes) <= rows
    assert max(sizes) - min(sizes) <= 1
    np.testing.assert_array_equal(np.concatenate([piece.lines for piece in pieces]), chunk.lines)
