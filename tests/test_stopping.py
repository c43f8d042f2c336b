"""SIGTERM to a real server: what is under way is finished, and it is gone in seconds."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.builders import eventually

ROWS = 8_000
GRACE_SECONDS = 20.0
"""After which Docker kills it: `stop_grace_period` in docker-compose.yml."""


class Server:
    """`python -m app` in a process of its own, with its folders below `folder`."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.data = folder / "data"
        self.log = folder / "told"
        places = {f"{name}_dir": folder / name for name in ("data", "db")} | {"log_dir": folder / "logs"}
        values = {"port": self.port, "stable_seconds": 0, "ingest_workers": 1} | places | settings
        variables = {f"BOREHOLE_{name.upper()}": str(value) for name, value in values.items()}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "app"], env=os.environ | variables, stdout=log, stderr=log
            )
        eventually(self._serves, f"it serves: {self.log}", seconds=60)

    def get(self, path: str) -> Any:
        return httpx2.get(self.url + path, timeout=20).raise_for_status().json()

    def states(self) -> list[str]:
        return [job["state"] for job in self.get("/pipeline/history")["jobs"]]

    def tell_to_stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def wait(self) -> float:
        """Until it has ended; the seconds that took."""
        start = time.monotonic()
        assert self.process.wait(60) in (0, -signal.SIGTERM), self.log.read_text()
        return time.monotonic() - start

    def _serves(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            return httpx2.get(f"{self.url}/health/ready").is_success
        except httpx2.TransportError:
            return False


class Asking:
    """A client that has got the head of an answer too long for any buffer, and has not read on."""

    def __init__(self, port: int, path: str) -> None:
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        self.socket.settimeout(20)
        self.socket.connect(("127.0.0.1", port))
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        self.answer = self.socket.makefile("rb")
        status = self.answer.readline()
        assert b" 200 " in status, status
        head = dict(line.decode().lower().split(": ", 1) for line in iter(self.answer.readline, b"\r\n"))
        self.length = int(head["content-length"])

    def read(self) -> Any:
        answer = self.answer.read(self.length)
        self.close()
        return json.loads(answer)

    def close(self) -> None:
        self.answer.close()
        self.socket.close()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Any]:
    servers: list[Server] = []

    def started(**settings: Any) -> Server:
        servers.append(Server(tmp_path, **settings))
        return servers[-1]

    yield started
    for server in servers:
        if server.process.poll() is None:
            server.process.kill()
        server.process.wait(20)


def drop(folder: Path, name: str, rows: int) -> None:
    pixels = ",".join(str(column) for column in range(200))
    header = "depth," + ",".join(f"col{column}" for column in range(200))
    unready = folder.parent / name
    with unready.open("w") as file:
        file.write(header + "\n")
        file.writelines(f"{row / 10},{pixels}\n" for row in range(rows))
    unready.rename(folder / name)


@pytest.mark.parametrize("workers", [1, 2])
def test_answers_under_way_are_sent_whole(start, workers):
    server = start(workers=workers)
    drop(server.data, "well.csv", ROWS)
    eventually(lambda: server.states() == ["stored"], "the file is stored", seconds=60)
    asking = [Asking(server.port, "/frames?image_id=1&format=json") for _ in range(4)]
    server.tell_to_stop()
    if workers == 1:  # with several, their parent holds the port to the end
        eventually(lambda: refused(server.port), "nobody new is let in")
    with ThreadPoolExecutor() as at_once:
        frames = [answer["frames"] for answer in at_once.map(Asking.read, asking)]
    assert [len(each) for each in frames] == [ROWS] * 4
    assert server.wait() < GRACE_SECONDS
    assert "Traceback" not in server.log.read_text()


def test_a_client_that_never_reads_on_keeps_nobody_waiting(start):
    server = start()
    drop(server.data, "well.csv", ROWS)
    eventually(lambda: server.states() == ["stored"], "the file is stored", seconds=60)
    asking = Asking(server.port, "/frames?image_id=1&format=json")
    server.tell_to_stop()
    assert server.wait() < GRACE_SECONDS
    asking.close()


def test_a_file_that_is_being_read_is_stored_once_now_or_after_the_restart(start):
    server = start()
    drop(server.data, "long.csv", 60_000)
    eventually(lambda: server.states() == ["running"], "the file is being read")
    server.tell_to_stop()
    assert server.wait() < GRACE_SECONDS
    assert len([*server.data.rglob("long.csv")]) == 1, "it is not lost"

    server = start()
    eventually(lambda: (server.data / "processed" / "long.csv").exists(), "it is stored", seconds=60)
    assert server.get("/images")["total"] == 1


def refused(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except ConnectionError:
        return True
    return False
