"""Servers on the same folders, and death among them."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2

from tests.builders import eventually, free_port


class Server:
    """An API process, or, without a port, `python -m app.ingestion --watch`."""

    def __init__(self, environment: dict[str, str], log: Path, *, port: int | None) -> None:
        self.environment = environment
        self.log = log
        self.port = port
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        command = ["-m", "app"] if self.port else ["-m", "app.ingestion", "--watch"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *command],
                env=self.environment | {"BOREHOLE_PORT": str(self.port or 1)},
                stdout=log,
                stderr=log,
            )

    def workers(self) -> list[int]:
        """The pids of its ingestion workers."""
        return (
            [pid for pid in _children(self.process.pid) if "spawn_main" in _command(pid)]
            if self.process
            else []
        )

    def stop(self) -> int:
        """In order; its exit code."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(30)


class Cluster:
    """Two API processes and a watcher without an API, each of which could host the pipeline.

    database_url: of the catalog, where it is not SQLite's.
    scheduler: of the Dask cluster that does the work, where it is not done by processes of the host.
    """

    def __init__(self, folder: Path, database_url: str | None = None, scheduler: str | None = None) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("BOREHOLE_")}
        environment |= {
            "BOREHOLE_DATA_DIR": str(folder / "data"),
            "BOREHOLE_DB_DIR": str(folder / "db"),
            "BOREHOLE_LOG_DIR": str(folder / "logs"),
            "BOREHOLE_STABLE_SECONDS": "0.2",
            "BOREHOLE_SOURCE_WIDTH": "any",
            "BOREHOLE_INGEST_WORKERS": "2",
            "BOREHOLE_MAX_ROWS": "40000",
            "BOREHOLE_ACCESS_LOG": "false",
            "BOREHOLE_DATABASE_URL": database_url or "",
        } | ({"BOREHOLE_SCHEDULER": scheduler} if scheduler else {})
        log = folder / "servers.log"
        self.apis = [Server(environment, log, port=free_port()) for _ in range(2)]
        self.servers = [*self.apis, Server(environment, log, port=None)]

    def start(self) -> None:
        """Start what is not alive."""
        for server in self.servers:
            if not server.alive:
                server.start()

    def stop(self) -> None:
        for server in self.servers:
            if server.alive:
                server.stop()

    def kill(self, chance: random.Random) -> dict[str, int]:
        """SIGKILL to a worker, to a server, or to a server with all its workers; how many of each died."""
        what = chance.choice(("worker", "worker", "server", "both"))
        server = chance.choice(self.servers)
        hosts = [candidate for candidate in self.servers if candidate.alive and candidate.workers()]
        if what != "server" and hosts:
            server = chance.choice(hosts)
        workers = server.workers() if server.alive else []
        if what == "worker":
            workers = chance.sample(workers, min(1, len(workers)))
        elif what == "server":
            workers = []
        for pid in workers:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        killed_server = what != "worker" and server.alive
        if killed_server and server.process is not None:
            server.process.kill()
            server.process.wait()
        return {"workers": len(workers), "servers": int(killed_server)}

    def kill_a_server(self, chance: random.Random) -> int:
        """How many died: none where none is up."""
        alive = [server for server in self.servers if server.process is not None and server.alive]
        if not alive:
            return 0
        process = chance.choice(alive).process
        assert process is not None
        process.kill()
        process.wait()
        return 1

    def ask(self, path: str, method: str = "GET") -> Any:
        """The answer of any server that is up; None where none is, or where it is not well."""
        for server in self.apis:
            try:
                answer = httpx2.request(method, server.url + path, timeout=10)
            except httpx2.HTTPError:
                continue
            if answer.is_success:
                return answer.json() if "json" in answer.headers["content-type"] else answer.content
        return None

    def wait_until_up(self) -> None:
        eventually(lambda: self.ask("/health"), "a server is well", 60)


def _children(pid: int) -> list[int]:
    children: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            children.extend(map(int, task.read_text().split()))
    return children


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return ""
