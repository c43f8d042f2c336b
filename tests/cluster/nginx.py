"""A real nginx with the configuration that is delivered, in front of replicas on this machine."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.builders import eventually, free_port

DELIVERED = Path(__file__).parents[2] / "deploy" / "nginx"


class Nginx:
    """On a free port. folder: to be made, for its configuration and what it writes."""

    def __init__(self, folder: Path, replicas: Sequence[int], *, keeps_answers: bool = False) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir()
        for name in ("nginx.conf", "cache.conf") if keeps_answers else ("nginx.conf",):
            text = (DELIVERED / name).read_text().replace("/tmp/nginx", f"{folder}/nginx")
            text = text.replace("listen 8080", f"listen 127.0.0.1:{self.port}")
            (folder / name).write_text(text.replace("worker_processes auto", "worker_processes 2"))
        lines = [f"server 127.0.0.1:{port} max_fails=1 fail_timeout=2s;" for port in replicas]
        (folder / "replicas.conf").write_text("\n".join(lines))

    def start(self) -> Nginx:
        main = "daemon off;" + ("user root;" if os.geteuid() == 0 else "")
        command = [_nginx(), "-p", str(self.folder), "-e", "stderr", "-c", "nginx.conf", "-g", main]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        eventually(self._listens, f"nginx at {self.url}: {self.folder / 'log'}")
        return self

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(20)
            self._process = None

    def _listens(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self.folder / "log").read_text()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def _nginx() -> str:
    found = shutil.which("nginx", path=f"{os.environ['PATH']}{os.pathsep}/usr/sbin")
    if found is None:
        missing = "nginx is not installed: apt-get install nginx-light"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return found
