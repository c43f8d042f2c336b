"""Jobs in hand: a file dropped, taken and not yet run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.pipeline.claiming import take
from app.pipeline.job import run_job
from app.pipeline.landing import LandingZone
from app.pipeline.workplace import Workplace
from app.storage.arrays.bucket import Bucket
from app.storage.arrays.reading import RowReader
from app.storage.catalog.leases import Lease
from app.storage.catalog.tables import Job
from tests.builders import settings_in, tiny_csv
from tests.s3_server import S3Server

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


@pytest.fixture
def bucket(s3_server: S3Server, tmp_path: Path) -> Bucket:
    """A landing zone."""
    folder = s3_server.bucket(f"landing-{abs(hash(tmp_path))}")
    return Bucket(f"s3://{folder.name}/incoming")


@pytest.fixture
def in_landing_zone(bucket: Bucket, tmp_path: Path) -> Iterator[Workplace]:
    opened = Workplace.open(settings_in(tmp_path, landing_uri=bucket.uri, rescan_seconds=0.1))
    opened.folders.ensure()
    opened.board.update(host="test")
    yield opened
    opened.catalog.close()


@pytest.fixture
def zone(place: Workplace) -> LandingZone:
    assert place.settings.landing_uri is not None
    return LandingZone(place, place.settings.landing_uri, 0.0, "test")


@pytest.fixture
def csv(tmp_path: Path) -> bytes:
    """A tiny file."""
    return tiny_csv(tmp_path / "made.csv").read_bytes()


@pytest.fixture
def drop(bucket: Bucket, tmp_path: Path) -> Callable[..., bytes]:
    """Put a tiny file into the landing zone; its content."""

    def drop(name: str, first: float = 1.0) -> bytes:
        content = tiny_csv(tmp_path / "made.csv", first).read_bytes()
        bucket.put(name, content)
        return content

    return drop


@pytest.fixture
def work(place: Workplace) -> Callable[[], list[Job]]:
    """Run what waits; the jobs as they are then."""

    def work() -> list[Job]:
        while found := place.jobs.lease_next("test", 60.0, time.time()):
            run_job(place, *found)
        return list(reversed(place.history.page(100)[0]))

    return work
