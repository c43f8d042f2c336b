"""Jobs in hand: a file dropped, taken and not yet run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.pipeline.claiming import take
from app.pipeline.workplace import Workplace
from app.storage.arrays.reading import RowReader
from app.storage.catalog.leases import Lease
from app.storage.catalog.tables import Job
from tests.builders import tiny_csv

Take = Callable[..., tuple[Job, Lease]]


@pytest.fixture
def taken(place: Workplace) -> Take:
    """Drop a tiny file (or take the one that lies there) and take it, as the pipeline does."""

    def drop_and_take(name: str = "x.csv", first: float = 1.0, *, made: bool = False) -> tuple[Job, Lease]:
        if not made:
            tiny_csv(place.folders.data / name, first)
        found = take(place, name, "test", 60.0)
        assert found is not None
        return found

    return drop_and_take


@pytest.fixture
def leased_again(place: Workplace) -> Callable[[], tuple[Job, Lease]]:
    """The job that is next in line, whatever its delay or lease is."""

    def lease() -> tuple[Job, Lease]:
        found = place.jobs.lease_next("test", 60.0, time.time() + 1000.0)
        assert found is not None
        return found

    return lease


@pytest.fixture
def reader(place: Workplace) -> Iterator[RowReader]:
    opened = RowReader(place.arrays, 0)
    yield opened
    opened.close()


@pytest.fixture
def fragments(place: Workplace) -> Callable[[int], list[Path]]:
    """What lies on disk of an image, in every array."""
    return lambda image_id: list(
        (place.settings.db_dir / "arrays").glob(f"*/*/__fragments/__{image_id}_{image_id}_*")
    )
