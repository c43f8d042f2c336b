"""An empty catalog and an empty store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.settings import Settings
from app.storage.arrays.layout import Layout
from app.storage.catalog.database import Catalog
from app.storage.catalog.images import Images
from app.storage.catalog.jobs import Jobs


@pytest.fixture
def catalog(settings: Settings) -> Iterator[Catalog]:
    opened = Catalog.open(settings)
    yield opened
    opened.close()


@pytest.fixture
def jobs(catalog: Catalog) -> Jobs:
    return Jobs(catalog)


@pytest.fixture
def images(catalog: Catalog) -> Images:
    return Images(catalog)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "arrays")
