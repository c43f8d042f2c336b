"""An empty catalog and an empty store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.settings import Settings
from app.storage.arrays.layout import Layout
from app.storage.arrays.store import ArrayStore
from app.storage.catalog.database import Catalog
from app.storage.catalog.images import Images
from app.storage.catalog.jobs import Jobs
from tests.storage.stores import Place, in_bucket, on_disk


@pytest.fixture
def catalog(settings: Settings) -> Iterator[Catalog]:
    opened = Catalog.open(settings)
    yield opened
    opened.close()


@pytest.fixture
def catalogs(catalog: Catalog, settings: Settings) -> Iterator[list[Catalog]]:
    """The same catalog as ten processes have it: threads that share one write one after the other."""
    opened = [Catalog.open(settings) for _ in range(10)]
    yield opened
    for each in opened:
        each.close()


@pytest.fixture
def jobs(catalog: Catalog) -> Jobs:
    return Jobs(catalog)


@pytest.fixture
def images(catalog: Catalog) -> Images:
    return Images(catalog)


@pytest.fixture(params=["disk", "bucket"])
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Where an empty store is, of either kind."""
    if request.param == "disk":
        return on_disk(tmp_path)
    return in_bucket(tmp_path, request.getfixturevalue("s3_server"))


@pytest.fixture
def store(shelf: Place) -> ArrayStore:
    return shelf.open()


@pytest.fixture
def files(shelf: Place) -> Layout[Path]:
    """What lies in the store, as files."""
    return shelf.files
