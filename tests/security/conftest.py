"""Servers to break into, each a process of its own, and what an attacker has in hand: a socket."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from app.keys import ApiKey
from app.pipeline.workplace import Workplace
from tests.builders import image_rows, ingest, settings_in, write_csv
from tests.viewer.server import Server

OFFICE, DASHBOARD = "o" * 43, "d" * 43
KEYS = f"{ApiKey.of('office', 'write', OFFICE)},{ApiKey.of('dashboard', 'read', DASHBOARD)}"

Send = Callable[[bytes], bytes]


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """As `./run_api.sh` starts one, on somebody's desk: no keys. Image 1 has 300 rows."""
    folder = tmp_path_factory.mktemp("desk")
    place = Workplace.open(settings_in(folder))
    ingest(place, write_csv(folder / "well.csv", *image_rows(300)))
    place.catalog.close()
    started = Server(folder, access_log="true").start()
    yield started
    started.stop()


@pytest.fixture
def send(server: Server) -> Send:
    """Sends these very bytes, and gives back all that came until the server closed: have it do so."""

    def sent(request: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
            answer = b""
            with suppress(ConnectionError):  # closed on us while we were still sending
                client.sendall(request)
                while piece := client.recv(65536):
                    answer += piece
            return answer

    return sent


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def log_of(server: Server) -> str:
    return (Path(server.folder) / "server.log").read_text()
