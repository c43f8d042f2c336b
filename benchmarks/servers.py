"""The server as users start it, and the reference, each a process of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from benchmarks.client import Client

ROOT = Path(__file__).parent.parent
LOOP_AND_PARSER = ("uvloop", "httptools")


class Server:
    """Listens as soon as the `with` block begins, and is gone after it."""

    def __init__(self, command: list[str], folder: Path, environment: dict[str, str], ready: str) -> None:
        self.command = command
        self.folder = folder
        self.environment = environment
        self.ready = ready
        self.port = 0
        self.seconds_to_start = 0.0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        return self.process.pid

    def client(self) -> Client:
        return Client(self.url)

    def __enter__(self) -> Server:
        self.port = _free_port()
        port = str(self.port)
        started = time.perf_counter()
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [part.replace("{port}", port) for part in self.command],
                cwd=self.folder,  # the `.env` of whoever measures is not for us
                env=self.environment | {"BOREHOLE_PORT": port},
                stdout=log,
                stderr=log,
            )
        try:
            self._wait_until_ready()
            self.seconds_to_start = time.perf_counter() - started
            self._require_loop_and_parser()
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _wait_until_ready(self, seconds: float = 60.0) -> None:
        deadline = time.monotonic() + seconds
        client = self.client()
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                if client.ask(self.ready).status == 200:
                    return
            except OSError:
                time.sleep(0.005)
        raise RuntimeError(f"{self.command} did not start: see {self.folder / 'server.log'}")

    def _require_loop_and_parser(self) -> None:
        """Both sides must run on the same event loop and HTTP parser, or the ratio means nothing."""
        loaded = Path(f"/proc/{self.pid}/maps").read_text()
        missing = [name for name in LOOP_AND_PARSER if name not in loaded]
        if missing:
            raise RuntimeError(f"{self.command} runs without {', '.join(missing)}")

    def __repr__(self) -> str:
        return f"Server({self.url}, {self.folder})"


def product(folder: Path, **settings: object) -> Server:
    """`python -m app` with its data/, db/ and logs/ in `folder`; settings: as `environment`'s."""
    return Server([sys.executable, "-m", "app"], folder, environment(folder, **settings), "/health/ready")


def reference(folder: Path, body: bytes) -> Server:
    """A bare FastAPI `async def` route at `/` that answers with `body`."""
    (folder / "body").write_bytes(body)
    command = [
        *(sys.executable, "-m", "uvicorn", "benchmarks.reference:app"),
        *("--port", "{port}", "--loop", "uvloop", "--http", "httptools"),
        *("--no-access-log", "--log-level", "warning"),
    ]
    return Server(command, folder, environment(folder) | {"REFERENCE_BODY": str(folder / "body")}, "/")


def environment(folder: Path, *, more: Mapping[str, str] | None = None, **settings: object) -> dict[str, str]:
    """Of a process that works in `folder` alone.

    settings: `stable_seconds=0.2` and the like; more: variables that are not the product's.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("BOREHOLE_")}
    places = {f"BOREHOLE_{name.upper()}_DIR": str(folder / name) for name in ("data", "db")}
    given = {f"BOREHOLE_{name.upper()}": str(value) for name, value in settings.items()}
    return (
        inherited
        | places
        | {"BOREHOLE_LOG_DIR": str(folder / "logs"), "BOREHOLE_ACCESS_LOG": "false", "PYTHONPATH": str(ROOT)}
        | given
        | dict(more or {})
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
