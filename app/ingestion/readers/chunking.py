"""Chunks of the size that was asked for, and without what lies above and below an image."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from app.ingestion.readers.source import Chunk


def at_most(rows: int, chunk: Chunk) -> Iterator[Chunk]:
    """The chunk in as few pieces of even length as it takes; none where it has no rows."""
    total = len(chunk.depths)
    pieces = -(-total // rows)
    for piece in range(pieces):
        yield _part(chunk, piece * total // pieces, (piece + 1) * total // pieces)


def trimmed(chunks: Iterable[Chunk]) -> Iterator[Chunk]:
    """The chunks from the first row that has a pixel to the last that has one; all of them where none has.

    In a log that covers more than the tool saw, the rest is null. Rows that may turn out to lie below the image are
    held back, their depths alone.
    """
    held: list[Chunk] = []
    begun = False
    for chunk in chunks:
        filled = np.flatnonzero(~np.isnan(chunk.pixels).all(axis=1))
        if not len(filled):
            held.append(_without_pixels(chunk))
            continue
        first, stop = int(filled[0]), int(filled[-1]) + 1
        if begun:
            yield from map(_with_nulls, held)
            first = 0
        begun, held = True, []
        yield _part(chunk, first, stop)
        if stop < len(chunk.depths):
            held.append(_without_pixels(_part(chunk, stop, len(chunk.depths))))
    if not begun:
        yield from map(_with_nulls, held)


def _part(chunk: Chunk, first: int, stop: int) -> Chunk:
    return Chunk(chunk.depths[first:stop], chunk.pixels[first:stop], chunk.lines[first:stop])


def _without_pixels(chunk: Chunk) -> Chunk:
    """The same in little memory: pixels (n, width) that are a view of one null."""
    nulls = np.broadcast_to(np.float64(np.nan), chunk.pixels.shape)
    return Chunk(chunk.depths.copy(), nulls, chunk.lines.copy())


def _with_nulls(chunk: Chunk) -> Chunk:
    return Chunk(chunk.depths, np.full(chunk.pixels.shape, np.nan), chunk.lines)
