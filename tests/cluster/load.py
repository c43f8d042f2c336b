"""Clients that ask without pause, and what they were told."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx2

from tests.builders import eventually
from tests.cluster.replicas import Replicas, is_well

CLIENTS = 2


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
def under_load(url: str, path_of: Callable[[int], str]) -> Iterator[Told]:
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

    threads = [threading.Thread(target=ask) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield told
    finally:
        end.set()
        for thread in threads:
            thread.join()


def path_of(number: int) -> str:
    """A window of the first image that was not asked for before."""
    first = number % 400 / 10
    return f"/frames/image?image_id=1&depth_min={first}&depth_max={first + 8}&rescale=0,{number}.5"


def more_answers(told: Told, count: int = 50) -> None:
    """So many more with status 200."""
    already = told.statuses[200]
    eventually(lambda: told.statuses[200] >= already + count, f"{count} more answers; {told}", 60)


def recovered(replicas: Replicas, what: str, told: Told) -> None:
    """From now until all replicas are well and clients are answered."""
    began = time.monotonic()
    for server in replicas.servers:
        eventually(lambda server=server: is_well(server.url), f"{server.url} is well again", 60)
    more_answers(told)
    print(  # noqa: T201
        f"{what}: well after {time.monotonic() - began:.1f} s; {dict(told.statuses)}, slowest {told.slowest:.1f} s"
    )
