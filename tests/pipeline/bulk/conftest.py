"""Wells in a folder, and somebody who reads them in this process, which needs no second to start."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from app.pipeline.bulk import run as module
from app.pipeline.job import run_job
from app.pipeline.workplace import Workplace

Working = Callable[[], AbstractContextManager[None]]


@pytest.fixture
def wells(tmp_path: Path) -> Path:
    folder = tmp_path / "wells"
    folder.mkdir()
    return folder


@pytest.fixture(autouse=True)
def polls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "POLL_SECONDS", 0.01)


@pytest.fixture
def working(place: Workplace) -> Working:
    """While this lasts, jobs are run as they come."""

    @contextmanager
    def working() -> Iterator[None]:
        enough = threading.Event()
        thread = threading.Thread(target=run_all, args=(place, enough))
        thread.start()
        try:
            yield
        finally:
            enough.set()
            thread.join()

    return working


def run_all(place: Workplace, enough: threading.Event) -> None:
    while not enough.is_set():
        found = place.jobs.lease_next("somebody", 60.0, time.time())
        if found is None:
            enough.wait(0.01)
        else:
            run_job(place, *found)


def bad_csv(path: Path) -> Path:
    """A file whose line 2 has an `x` for a number, in the column `col2`. Returns `path`."""
    header = ["depth", *(f"col{column}" for column in range(1, 201))]
    path.write_text("\n".join([",".join(header), ",".join(["1", "2", "x", *["0"] * 198]), ""]))
    return path
