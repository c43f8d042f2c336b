"""What did not become an image of its own, and why: a CSV file, a line for each."""

from __future__ import annotations

import csv
from pathlib import Path

from app.pipeline.bulk.listing import LeftOut
from app.storage.catalog.tables import Job

COLUMNS = ("path", "outcome", "reason", "message", "row", "column", "value", "images", "job")


class Report:
    """Every run writes all of it anew, so that it is complete whatever earlier runs came to."""

    def __init__(self, path: Path) -> None:
        """Raises OSError."""
        self._file = path.open("w", newline="", encoding="utf-8")
        self._writer = csv.writer(self._file)
        self._write(*COLUMNS)

    def tell_job(self, job: Job) -> None:
        images = " ".join(map(str, job.image_ids))
        self._write(
            job.path, job.state, job.reason, job.message, job.row, job.column, job.value, images, job.id
        )

    def tell_left_out(self, entry: LeftOut) -> None:
        outcome = "failed" if entry.failed else "left out"
        self._write(entry.path, outcome, entry.why, entry.message, None, None, None, None, None)

    def close(self) -> None:
        self._file.close()

    def _write(self, *cells: object) -> None:
        self._writer.writerow(cells)
        self._file.flush()
