"""Clients that ask without pause, and what they were told."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx2


@dataclass
class Told:
    """statuses: how often each. faults: what is no answer, or an error other than 503 with Retry-After."""

    statuses: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    slowest: float = 0.0

    def add(self, answer: httpx2.Response, seconds: float) -> None:
        self.statuses[answer.status_code] += 1
        self.slowest = max(self.slowest, seconds)
        if answer.status_code == 503 and int(answer.headers.get("Retry-After", 0)) > 0:
            assert answer.headers["Content-Type"] == "application/problem+json"
        elif answer.status_code != 200:
            self.faults.append(f"{answer.status_code} {answer.url} {answer.text[:200]}")


@contextmanager
def under_load(url: str, path_of: Callable[[int], str], clients: int = 2) -> Iterator[Told]:
    """While the block runs, clients ask for `path_of` of 0, 1, 2 …"""
    told = Told()
    end = threading.Event()
    numbers = iter(range(10**9))

    def ask() -> None:
        with httpx2.Client(base_url=url, timeout=60) as client:
            while not end.is_set():
                began = time.monotonic()
                try:
                    told.add(client.get(path_of(next(numbers))), time.monotonic() - began)
                except Exception as error:
                    told.faults.append(repr(error))

    threads = [threading.Thread(target=ask) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield told
    finally:
        end.set()
        for thread in threads:
            thread.join()
