"""API processes with their catalog on PostgreSQL, and what becomes of them when that is restarted."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from app.pipeline.workplace import Workplace
from tests.builders import eventually, settings_in, tiny_csv
from tests.conftest import started_postgresql
from tests.faults.cluster import Cluster
from tests.postgresql import PASSWORD, PostgreSQL

FILES_EACH_TIME = 8


@pytest.fixture
def server() -> Iterator[PostgreSQL]:
    """One to be stopped, for this test alone."""
    with started_postgresql() as server:
        yield server


@pytest.fixture
def database(server: PostgreSQL) -> str:
    return server.new_database()


@pytest.fixture
def cluster(tmp_path: Path, database: str) -> Iterator[Cluster]:
    """Two API processes that share the folders and the catalog."""
    cluster = Cluster(tmp_path, database)
    cluster.servers = list(cluster.apis)
    cluster.start()
    yield cluster
    cluster.stop()


class Listener:
    """One listener to a server's events: when it heard of which image."""

    def __init__(self, url: str) -> None:
        self.heard: dict[int, float] = {}
        self._thread = threading.Thread(target=self._listen, args=(f"{url}/pipeline/events",), daemon=True)
        self._thread.start()

    def _listen(self, url: str) -> None:
        with httpx2.stream("GET", url, timeout=60) as answer:
            for line in answer.iter_lines():
                if found := re.search(r'"image_id":(\d+),"change":"stored"', line):
                    self.heard[int(found[1])] = time.monotonic()


def test_while_postgresql_restarts_the_api_says_so_and_afterwards_nothing_is_lost_or_doubled(
    tmp_path, cluster, server, database
):
    data = tmp_path / "data"
    for api in cluster.apis:
        eventually(lambda api=api: well(api.url), "a server is well", 60)
    files = 0
    for mode in ("fast", "immediate"):
        for _ in range(FILES_EACH_TIME):
            tiny_csv(data / f"{files}.csv", 1000.0 * files, rows=2000)
            files += 1
        eventually(lambda: cluster.ask("/pipeline/status")["active"], "a file is in work", 60)
        server.stop(mode)
        for api in cluster.apis:
            must_be_unavailable(api.url)
        server.start()
        for api in cluster.apis:
            eventually(lambda api=api: well(api.url), "a server is well again by itself", 30)
    eventually(lambda: at_rest(cluster), "all files have come to their end", 90)

    jobs = cluster.ask("/pipeline/history?limit=1000")["jobs"]
    assert sorted((job["name"], job["state"]) for job in jobs) == sorted(
        (f"{number}.csv", "stored") for number in range(files)
    )
    assert cluster.ask("/images")["total"] == files
    assert len(list((data / "processed").iterdir())) == files
    assert list((data / ".processing").iterdir()) == []
    cluster.stop()
    place = Workplace.open(settings_in(tmp_path, database_url=database))
    assert place.history.page(100)[1] == files
    place.catalog.close()
    logs = [tmp_path / "servers.log", *(tmp_path / "logs").iterdir()]
    assert not any(PASSWORD in log.read_text() for log in logs)


def test_each_server_learns_of_a_new_image_within_a_second_of_its_commit(tmp_path, cluster):
    for api in cluster.apis:
        eventually(lambda api=api: well(api.url), "a server is well", 60)
    listeners = [Listener(api.url) for api in cluster.apis]
    for number in range(3):
        tiny_csv(tmp_path / "data" / f"{number}.csv", 1000.0 * number)
        image = eventually(lambda number=number: stored(cluster, f"{number}.csv"), "it is stored", 60)
        committed = time.monotonic()  # or a moment ago
        for api in cluster.apis:
            assert httpx2.get(f"{api.url}/images/{image}").status_code == 200
        for listener in listeners:
            eventually(lambda listener=listener, image=image: image in listener.heard, "it is told of", 10)
            assert listener.heard[image] - committed < 1.0


def well(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/health", timeout=10).is_success
    except httpx2.HTTPError:
        return False


def must_be_unavailable(url: str) -> None:
    for path in ("/images", "/images/1", "/pipeline/status"):
        answer = httpx2.get(url + path, timeout=10)
        assert (answer.status_code, answer.json()["code"]) == (503, "catalog_unavailable")
        assert int(answer.headers["Retry-After"]) > 0
    health = httpx2.get(f"{url}/health", timeout=10)
    assert (health.status_code, health.json()["checks"]["catalog"]) == (503, "the catalog does not answer")
    assert PASSWORD not in health.text
    assert httpx2.get(f"{url}/health/live", timeout=10).status_code == 200


def at_rest(cluster: Cluster) -> bool:
    status = cluster.ask("/pipeline/status")
    return (
        bool(status and status["running"])
        and not (status["waiting"] or status["queued"] or status["active"] or status["unsettled"])
        and not list(Path(status["data_dir"]).glob("*.csv"))
    )


def stored(cluster: Cluster, name: str) -> int | None:
    jobs = cluster.ask(f"/pipeline/history?name={name}")["jobs"]
    return jobs[0]["image_id"] if jobs and jobs[0]["state"] == "stored" else None
