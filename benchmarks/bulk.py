"""Files of 5,460 rows, each of its own content, taken from a folder by `python -m app.ingestion --bulk`, with one
worker and with two, by the catalog's account: from the first file begun to the last one stored. The process that
hands out the work, and the catalog, use the same processors as the workers.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from sqlalchemy import func, select

from app.settings import Settings
from app.storage.catalog.database import Catalog
from app.storage.catalog.tables import Job, JobState
from benchmarks import samples
from benchmarks.machine import settle_disk
from benchmarks.run import Run
from benchmarks.servers import environment
from benchmarks.table import Invalid, Row, at_least, compared

FILES, FEW_FILES = 500, 60


def bulk(run: Run) -> Iterator[Row]:
    count = FEW_FILES if run.quick else FILES
    wells = samples.wells(run.cache, run.folder("wells"), count)

    def files_in_a_second(workers: int) -> float:
        settle_disk()
        return count / _seconds(run.folder(f"{workers}-workers"), wells, count, workers)

    yield compared(
        f"{count} files of {samples.FRAME_ROWS + 1:,} rows, two workers",
        "one worker",
        "files/s",
        at_least(1.8),
        reference=lambda: files_in_a_second(1),
        ours=lambda: files_in_a_second(2),
        times=3,
    )


def _seconds(folder: Path, wells: Path, count: int, workers: int) -> float:
    """Raises Invalid where not all are stored."""
    (folder / "logs").mkdir()
    subprocess.run(
        [sys.executable, "-m", "app.ingestion", "--bulk", str(wells)],
        cwd=folder,
        env=environment(folder, stable_seconds=0, ingest_workers=workers),
        stdout=subprocess.DEVNULL,
        check=True,
    )
    query = select(func.count(), func.min(Job.started_at), func.max(Job.finished_at))
    settings = Settings(_env_file=None, db_dir=folder / "db")
    with closing(Catalog.open(settings)) as catalog, catalog.reading() as session:
        stored, began, ended = session.execute(query.where(Job.state == JobState.STORED)).one()
    if stored != count:
        raise Invalid(f"{stored} of {count} files were stored")
    seconds: float = ended - began
    return seconds
