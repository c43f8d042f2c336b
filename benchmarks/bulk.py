"""Files of 5,460 rows, each of its own content, taken from a folder by `python -m app.ingestion --bulk`, with one
worker and with two, by the catalog's account: from the first file begun to the last one stored. The process that
hands out the work, and the catalog, use the same processors as the workers; so does Dask's scheduler, where the
workers are Dask's.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from functools import partial
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
from tests.builders import eventually
from tests.dask_cluster import DaskCluster

FILES, FEW_FILES = 500, 60

WorkersOf = Callable[[Path, int], AbstractContextManager[dict[str, object]]]
"""So many workers for what is stored in a folder, while it lasts; the settings by which they are found."""


def bulk(run: Run) -> Iterator[Row]:
    count = FEW_FILES if run.quick else FILES
    wells = samples.wells(run.cache, run.folder("wells"), count)

    def files_in_a_second(workers_of: WorkersOf, workers: int) -> float:
        folder = run.folder(f"{workers}-workers")
        (folder / "logs").mkdir()
        with workers_of(folder, workers) as settings:
            settle_disk()
            return count / _seconds(folder, wells, count, settings)

    for whose, workers_of in (("", _processes), (" of Dask's", _dask)):
        yield compared(
            f"{count} files of {samples.FRAME_ROWS + 1:,} rows, two workers{whose}",
            "one worker",
            "files/s",
            at_least(1.8),
            reference=partial(files_in_a_second, workers_of, 1),
            ours=partial(files_in_a_second, workers_of, 2),
            times=3,
        )


@contextmanager
def _processes(folder: Path, workers: int) -> Iterator[dict[str, object]]:
    yield {"ingest_workers": workers}


@contextmanager
def _dask(folder: Path, workers: int) -> Iterator[dict[str, object]]:
    cluster = DaskCluster(folder / "dask")
    settings = Settings(
        _env_file=None, data_dir=folder / "data", db_dir=folder / "db", log_dir=folder / "logs"
    )
    try:
        cluster.start_scheduler()
        for _ in range(workers):
            cluster.add_worker(settings)
        eventually(lambda: len(cluster.workers()) == workers, "the workers are there", 60)
        yield {"scheduler": cluster.address}
    finally:
        cluster.stop()


def _seconds(folder: Path, wells: Path, count: int, settings: dict[str, object]) -> float:
    """Raises Invalid where not all are stored."""
    subprocess.run(
        [sys.executable, "-m", "app.ingestion", "--bulk", str(wells)],
        cwd=folder,
        env=environment(folder, stable_seconds=0, **settings),
        stdout=subprocess.DEVNULL,
        check=True,
    )
    query = select(func.count(), func.min(Job.started_at), func.max(Job.finished_at))
    with (
        closing(Catalog.open(Settings(_env_file=None, db_dir=folder / "db"))) as catalog,
        catalog.reading() as session,
    ):
        stored, began, ended = session.execute(query.where(Job.state == JobState.STORED)).one()
    if stored != count:
        raise Invalid(f"{stored} of {count} files were stored")
    seconds: float = ended - began
    return seconds
