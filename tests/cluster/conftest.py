"""One PostgreSQL and one S3 server for all tests of the package; each module has replicas of its own on them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cluster.replicas import Replicas, running
from tests.conftest import started_postgresql
from tests.postgresql import PostgreSQL
from tests.s3_server import S3Server


@pytest.fixture(scope="package")
def database_server() -> Iterator[PostgreSQL]:
    with started_postgresql() as server:
        yield server


@pytest.fixture(scope="package")
def bucket_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    server = S3Server(tmp_path_factory.mktemp("s3") / "objects")
    try:
        server.start().bucket("wells")
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def replicas(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    database_server: PostgreSQL,
    bucket_server: S3Server,
) -> Iterator[Replicas]:
    name = request.module.__name__.rpartition(".")[2]
    made = Replicas(tmp_path_factory.mktemp(name), database_server, bucket_server, name)
    with running(made):
        yield made


@pytest.fixture(scope="module")
def names(replicas: Replicas) -> set[str]:
    """Of all files dropped so far; the first is stored, and the one that is looked at."""
    dropped: set[str] = set()
    replicas.drop(dropped, 1)
    replicas.wait_until_stored(dropped)
    return dropped
