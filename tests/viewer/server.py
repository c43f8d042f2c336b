"""A real server in a process of its own, as a browser meets it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2

from tests.builders import eventually, free_port

ROOT = Path(__file__).parents[2]


class Server:
    """`python -m app` on a free port, with its folders below `folder`."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._settings = {"stable_seconds": 0.1, "ingest_workers": 1, "access_log": "false"} | settings
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Server:
        places = {"data_dir": self.data, "db_dir": self.folder / "db", "log_dir": self.folder / "logs"}
        values = self._settings | places | {"port": self.port}
        environment = {f"BOREHOLE_{name.upper()}": str(value) for name, value in values.items()}
        log = (self.folder / "server.log").open("ab")
        with log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "app"], cwd=ROOT, env=os.environ | environment, stdout=log, stderr=log
            )
        eventually(self._answers, f"a server at {self.url}: {self.folder / 'server.log'}", 60)
        return self

    @property
    def cpu_seconds(self) -> float:
        """What the server's process has used of the processor so far."""
        assert self._process is not None
        figures = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(figures[11]) + int(figures[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
            self._process = None

    def get(self, path: str, **parameters: Any) -> Any:
        return httpx2.get(self.url + path, params=parameters).json()

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self.folder / "server.log").read_text()
        try:
            return httpx2.get(f"{self.url}/health/live").is_success
        except httpx2.TransportError:
            return False
