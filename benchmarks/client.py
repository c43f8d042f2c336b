"""One connection to one server, and how long answers take on it."""

from __future__ import annotations

import http.client
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import orjson

from benchmarks.table import Invalid

IDLE_SECONDS = 2.0
"""uvicorn closes a connection after five."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    seconds: float


class Client:
    """`http.client` on a connection that is kept: 0.1 ms an answer, where larger clients add a whole one."""

    def __init__(self, url: str, timeout: float = 120.0) -> None:
        parts = urlsplit(url)
        self.connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout)
        self.last_used = 0.0

    def ask(self, path: str, method: str = "GET", headers: Mapping[str, str] | None = None) -> Answer:
        if time.monotonic() - self.last_used > IDLE_SECONDS:
            self.connection.close()
        if self.connection.sock is None:
            self.connection.connect()
        started = time.perf_counter()
        try:
            self.connection.request(method, path, headers=dict(headers or {}))
            response = self.connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException):
            self.connection.close()
            raise
        seconds = time.perf_counter() - started
        self.last_used = time.monotonic()
        return Answer(
            response.status,
            {name.lower(): value for name, value in response.getheaders()},
            body,
            seconds,
        )

    def get(self, path: str, headers: Mapping[str, str] | None = None, *, status: int = 200) -> Answer:
        """Raises Invalid where the answer is another than the status expected."""
        answer = self.ask(path, headers=headers)
        if answer.status != status:
            raise Invalid(f"{path}: {answer.status} {answer.body[:120].decode(errors='replace')}")
        return answer

    def milliseconds(self, path: str) -> float:
        return self.get(path).seconds * 1000

    def json(self, path: str) -> Any:
        return orjson.loads(self.get(path).body)

    def close(self) -> None:
        self.connection.close()
