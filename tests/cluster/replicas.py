"""API processes as if each were on a machine of its own: nothing in common but catalog and bucket, and the data
folder where it is shared.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

from tests.builders import eventually, free_port, tiny_csv
from tests.cluster.nginx import Nginx
from tests.faults.cluster import Server
from tests.postgresql import PostgreSQL
from tests.s3_server import S3Server

KEY = "a-key-of-the-cluster's-tests"
ROWS = 500


class Replicas:
    """Two of them behind nginx, on a database and a part of the bucket of their own."""

    def __init__(
        self,
        folder: Path,
        postgresql: PostgreSQL,
        s3: S3Server,
        prefix: str,
        *,
        share_data: bool = True,
        **settings: str,
    ) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.share_data = share_data
        self.database = postgresql.new_database()
        self.storage = f"s3://wells/{prefix}"
        common = {name: value for name, value in os.environ.items() if not name.startswith("BOREHOLE_")}
        common |= s3.environment | {
            "BOREHOLE_ACCESS_LOG": "true",
            "BOREHOLE_ALLOWED_HOSTS": "*",
            "BOREHOLE_API_KEY": KEY,
            "BOREHOLE_DATABASE_URL": self.database,
            "BOREHOLE_DATA_DIR": str(self.data),
            "BOREHOLE_INGEST_WORKERS": "1",
            "BOREHOLE_STABLE_SECONDS": "0.1",
            "BOREHOLE_STORAGE_URI": self.storage,
        }
        common |= {f"BOREHOLE_{name.upper()}": value for name, value in settings.items()}
        self.servers = [
            Server(common | own, folder / f"replica-{number}.log", port=free_port())
            for number, own in enumerate(map(self._own, range(2)))
        ]
        ports = [server.port for server in self.servers if server.port is not None]
        self.nginx = Nginx(folder / "nginx", ports)
        self.url = self.nginx.url

    def _own(self, number: int) -> dict[str, str]:
        machine = self.folder / f"machine-{number}"
        own = {} if self.share_data else {"BOREHOLE_DATA_DIR": str(machine / "data")}
        return own | {"BOREHOLE_DB_DIR": str(machine / "db"), "BOREHOLE_LOG_DIR": str(machine / "logs")}

    def start(self) -> Replicas:
        for server in self.servers:
            if not server.alive:
                server.start()
        for server in self.servers:
            eventually(lambda server=server: is_well(server.url), f"{server.log}: it is well", 60)
        return self

    def stop(self) -> None:
        self.nginx.stop()
        for server in self.servers:
            if server.alive:
                server.stop()

    def switch_off(self, server: Server) -> None:
        """As a machine that loses its power: the server and all its workers, in one moment."""
        assert server.process is not None
        for pid in (server.process.pid, *server.workers()):
            os.kill(pid, signal.SIGKILL)
        server.process.wait()

    @property
    def host(self) -> Server:
        """Whose workers read the files."""
        return eventually(
            lambda: next((each for each in self.servers if each.alive and each.workers()), None),
            "somebody hosts the pipeline",
            30,
        )

    def get(self, path: str) -> Any:
        """By nginx."""
        return self.ask("GET", path).json()

    def ask(self, method: str, path: str, **more: Any) -> httpx2.Response:
        headers = {"X-API-Key": KEY} | more.pop("headers", {})
        return httpx2.request(method, self.url + path, headers=headers, timeout=60, **more)

    def drop(self, names: set[str], count: int) -> None:
        """So many files more; names: of all that were dropped so far."""
        for _ in range(count):
            number = len(names)
            tiny_csv(self.data / f"{number}.csv", 1000.0 * number, rows=ROWS)
            names.add(f"{number}.csv")

    def wait_until_stored(self, names: set[str], seconds: float = 60) -> None:
        """Each once, and nothing else: none lost, none doubled, neither in the catalog nor in the folders."""
        eventually(
            lambda: self._states() == dict.fromkeys(names, "stored"), f"all is stored: {names}", seconds
        )
        images = self.get("/images?limit=1000")["images"]
        assert sorted(image["name"] for image in images) == sorted(names)
        processed = self.data / "processed"
        eventually(lambda: {file.name for file in processed.iterdir()} == names, "all are moved", 20)
        assert list((self.data / ".processing").iterdir()) == []
        assert [file for file in self.data.iterdir() if file.is_file()] == []

    def _states(self) -> dict[str, str] | None:
        answer = self.ask("GET", "/pipeline/history?limit=1000")
        if not answer.is_success:
            return None
        jobs = answer.json()["jobs"]
        assert len({job["name"] for job in jobs}) == len(jobs), "a file is taken once"
        return {job["name"]: job["state"] for job in jobs}


def is_well(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/health/ready", timeout=10).is_success
    except httpx2.HTTPError:
        return False


@contextmanager
def running(replicas: Replicas) -> Iterator[None]:
    """They and their nginx, while the block runs."""
    try:
        replicas.nginx.start()
        replicas.start()
        yield
    finally:
        replicas.stop()
