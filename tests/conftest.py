"""Fixtures: a place to work in, and servers to ask."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uvicorn
from botocore.loaders import create_loader
from fastapi.testclient import TestClient
from hypothesis import settings as hypothesis_settings
from starlette.types import ASGIApp

from app.main import create_app
from app.pipeline.workplace import Workplace
from app.settings import Settings
from tests.builders import Float64, eventually, image_rows, ingest, settings_in, write_csv
from tests.postgresql import PostgreSQL, missing
from tests.s3_server import GivenS3Server, S3Server

for variable in [name for name in os.environ if name.startswith("BOREHOLE_")]:
    del os.environ[variable]  # what a developer has set for their own server is not for the tests

hypothesis_settings.register_profile("suite", deadline=None, max_examples=40)  # a busy machine is no failure
hypothesis_settings.load_profile("suite")


@dataclass(frozen=True)
class Well:
    """An image in the shared library, with what its file held. depths float64 (n,), pixels float64 (n, 200)."""

    image_id: int
    name: str
    depths: Float64
    pixels: Float64


@dataclass(frozen=True)
class Library:
    """A server that only answers, and the images it has."""

    client: TestClient
    place: Workplace
    whole: Well
    """5,460 rows of integers 0..255 from 9000.1 to 9546.0, no nulls."""
    gappy: Well
    """3,000 rows with pad gaps and a gap in depth."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "database_url" in metafunc.fixturenames and metafunc.definition.get_closest_marker("both_databases"):
        metafunc.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A server for all tests that do not end it, each with a database of its own."""
    with started_postgresql() as server:
        yield server


@contextmanager
def started_postgresql() -> Iterator[PostgreSQL]:
    """Where it cannot be had the test is skipped, and in CI it fails."""
    if what := missing():
        if os.environ.get("CI"):
            pytest.fail(what)
        pytest.skip(what)
    server = PostgreSQL()
    try:
        yield server
    finally:
        server.remove()


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """Where the catalog lies; None for SQLite in the `db/` of the test's settings."""
    if getattr(request, "param", "sqlite") == "sqlite":
        yield None
    else:
        server: PostgreSQL = request.getfixturevalue("postgresql")
        url = server.new_database()
        yield url
        server.drop_database(url)


@pytest.fixture
def settings(tmp_path: Path, database_url: str | None) -> Settings:
    return settings_in(tmp_path, database_url=database_url)


@pytest.fixture
def place(settings: Settings) -> Iterator[Workplace]:
    """The pipeline's catalog, arrays and folders, all empty, and nobody at work in them."""
    opened = Workplace.open(settings)
    opened.folders.ensure()
    yield opened
    opened.catalog.close()


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server | GivenS3Server]:
    """An S3 server that this process, and those it starts, find in their environment: our own, or TEST_S3_URL."""
    given = os.environ.get("TEST_S3_URL")
    server = GivenS3Server(given) if given else S3Server(tmp_path_factory.mktemp("s3") / "objects")
    server.start()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment.items():
            patch.setenv(name, value)
        # Half of the time that a client takes to be made goes into reading what all of them read.
        patch.setattr("botocore.session.create_loader", cache(create_loader))
        yield server
        server.end()


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    """A server with its pipeline running on `settings`; requests come from this machine."""
    with TestClient(create_app(settings), base_url="http://localhost") as started:
        yield started


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """For tests that only read, and ask nothing of the pipeline: other tests may have done its host to death."""
    with open_library(tmp_path_factory.mktemp("library")) as opened:
        yield opened


@pytest.fixture(scope="session")
def library_address(library: Library) -> Iterator[str]:
    """Where the library's server listens, for those who ask it from outside."""
    with listening(library.client.app) as address:
        yield address


@contextmanager
def listening(app: ASGIApp) -> Iterator[str]:
    """An application that runs already, on a port of its own; its address."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, lifespan="off", log_config=None, access_log=False))
    thread = threading.Thread(target=server.run)
    thread.start()
    eventually(lambda: server.started, "the server is up")
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


@contextmanager
def open_library(folder: Path, **changes: Any) -> Iterator[Library]:
    """A library whose pipeline is hosted, and switched off; it keeps no answers unless `changes` say so."""
    keeping_nothing = {"answer_cache_bytes": 0, "picture_cache_bytes": 0}
    settings = settings_in(folder, **{"pipeline_autostart": False, **keeping_nothing, **changes})
    place = Workplace.open(settings)
    _, pixels = image_rows(5460, seed=1)
    whole = _stored(
        place, folder / "challenge.csv", np.round(9000.1 + 0.1 * np.arange(5460), 1), pixels.round()
    )
    depths, pixels = image_rows(3000, seed=2, pad_gaps=True)
    depths = np.round(depths, 4)
    depths[1800:] += 25.0
    gappy = _stored(place, folder / "gappy.csv", depths, pixels.round(2))
    with TestClient(create_app(settings), base_url="http://localhost") as client:
        yield Library(client, place, whole, gappy)
    place.catalog.close()


def _stored(place: Workplace, file: Path, depths: Float64, pixels: Float64) -> Well:
    job = ingest(place, write_csv(file, depths, pixels))
    assert job.state == "stored", job.message
    return Well(job.image_ids[0], file.name, depths, pixels)
