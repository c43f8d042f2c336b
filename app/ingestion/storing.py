"""From a source to a stored image, one chunk at a time, in one process."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain

from app.ingestion.group_writing import GroupWriter, WrittenGroup
from app.ingestion.intake import Intake
from app.ingestion.readers import Source
from app.ingestion.row_groups import ascending_groups, descending_groups
from app.ingestion.stored_image import StoredImage, summed_up
from app.settings import Settings
from app.storage.arrays.writing import ImageWriter


def store_image(
    open_source: Callable[[], Source],
    begin: Callable[[], ImageWriter],
    settings: Settings,
    progress: Callable[[int], None],
) -> StoredImage:
    """Write one image's rows, depths and overviews.

    open_source: opens the file at its start; called twice where depths descend, since only the row count tells
    where the first row goes. begin: allots the image, called when the first rows are ready to be written, so that
    a file that fails its checks early takes no image id. progress: told how many rows are done.

    Raises FileError for what is wrong with the file, StorageUnavailable for what is not.
    """
    source = open_source()
    intake = Intake(source, settings)
    blocks = intake.blocks(progress)
    first = [next(blocks)]
    while intake.order.descending is None and (block := next(blocks, None)):
        first.append(block)
    blocks = chain(first, blocks)
    if intake.order.descending:
        rows = _count_rows(open_source(), lambda: progress(0))
        groups = descending_groups(blocks, rows)
    else:
        groups = ascending_groups(blocks)
    writer: GroupWriter | None = None
    written: list[WrittenGroup] = []
    for group in groups:
        writer = writer or GroupWriter(begin(), rounded=settings.rounds_values)
        written.append(writer.write(group, rows=group.stop))
    assert writer is not None, "a source has at least one row"
    return summed_up(writer.writer.image_id, writer.write_upper_levels(written), intake.findings())


def _count_rows(source: Source, alive: Callable[[], None]) -> int:
    """`alive` is called after each chunk: the count of a long file must not look like a standstill."""
    rows = 0
    for chunk in source.chunks():
        rows += len(chunk.depths)
        alive()
    return rows
