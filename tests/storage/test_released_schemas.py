"""Catalogs as earlier versions left them, rows and all: `released/<revision>.sql`, one for each schema released."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from app.settings import Settings
from app.storage.catalog.database import Catalog
from app.storage.catalog.history import History
from app.storage.catalog.images import Images
from app.storage.catalog.jobs import Jobs
from app.storage.catalog.picks import Picks
from app.storage.catalog.pipeline import PipelineBoard
from app.storage.catalog.tables import Base
from tests.storage.builders import leased

RELEASED = sorted((Path(__file__).parent / "released").glob("*.sql"))


@pytest.fixture(params=RELEASED, ids=lambda file: file.stem)
def dump(request: pytest.FixtureRequest) -> Path:
    return request.param


@pytest.fixture
def upgraded(settings: Settings, dump: Path) -> Iterator[Catalog]:
    settings.db_dir.mkdir()
    with closing(sqlite3.connect(settings.db_dir / "catalog.sqlite")) as connection:
        connection.executescript(dump.read_text())
    catalog = Catalog.open(settings)
    yield catalog
    catalog.close()


def test_images_and_jobs_are_as_they_were(upgraded):
    images = Images(upgraded)
    (image,) = images.every()
    assert (image.id, image.name, image.channel, image.rows, image.width) == (1, "a.csv", "", 3, 150)
    assert (image.depth_min, image.depth_max, image.step, image.created_at) == (
        100.0,
        100.2,
        0.1,
        1795580001.0,
    )
    assert image.statistics["mean"] == 99.5 and image.settings["rounding"] == "mantissa13"
    assert (image.well, image.hole_diameter, image.other) == (None, None, {})
    assert images.deleted_before(1795580901.0) == [2]
    jobs, total = History(upgraded).page(10)
    assert total == 5
    assert [(job.name, job.state, job.image_ids, job.target) for job in reversed(jobs)] == [
        ("a.csv", "stored", [1], "processed/a.csv"),
        ("b.csv", "stored", [2], "processed/b.csv"),
        ("again.csv", "duplicate", [1], "processed/again.csv"),
        ("bad.csv", "failed", [], "failed/bad.csv"),
        ("waiting.csv", "queued", [], None),
    ]
    assert (jobs[1].reason, jobs[0].claim) == ("wrong_width", "0123456789abcdef")
    assert PipelineBoard(upgraded).read().wanted


def test_picks_are_as_they_were_where_there_could_be_any(upgraded, dump):
    picks = Picks(upgraded).of_image(1)
    had_picks = dump.stem >= "0002"
    assert [(pick.id, pick.name, pick.depth) for pick in picks] == ([(1, "Top", 100.1)] if had_picks else [])


def test_work_goes_on_with_new_ids(upgraded):
    lease = leased(Jobs(upgraded), now=1795590000.0)
    assert lease.job_id == 6
    assert Images(upgraded).begin(lease, 1795590000.0) == 3


def test_every_table_can_be_read_and_no_reference_is_broken(upgraded):
    with upgraded.reading() as session:
        for table in Base.metadata.sorted_tables:
            session.execute(table.select()).all()
        assert session.execute(text("PRAGMA foreign_key_check")).all() == []
        assert session.scalar(text("PRAGMA foreign_keys")) == 1
