"""What is counted as requests come and go, for Prometheus; in files that all workers of a server share.

With several workers `PROMETHEUS_MULTIPROC_DIR` names a folder for these files before this module is imported
(`python -m app` sees to it); whichever worker is asked then answers for all.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from starlette.types import Scope

SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"

BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds: a frame that is kept takes 0.0002, one from disk 0.005."""

UNMATCHED = "unmatched"
"""The route of what has none: the addresses that strangers try must not make a series each."""


METHODS = frozenset({"GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"})
OTHER_METHOD = "other"


class Meter:
    """One process's counters."""

    def __init__(self) -> None:
        self._own = CollectorRegistry()
        self._requests = Counter(
            "borehole_http_requests", "Requests answered.", ("method", "route", "status"), registry=self._own
        )
        self._seconds = Histogram(
            "borehole_http_request_seconds",
            "From a request's arrival to the last byte of its answer.",
            ("route",),
            buckets=BUCKETS,
            registry=self._own,
        )
        self._in_flight = Gauge(
            "borehole_http_requests_in_flight",
            "Requests that are being answered.",
            registry=self._own,
            multiprocess_mode="livesum",
        )
        self._requests_of = lru_cache(maxsize=1000)(self._requests.labels)
        self._seconds_of = lru_cache(maxsize=100)(self._seconds.labels)
        self._followed: dict[str, _Followed] = {}

    def counter(self, name: str, text: str) -> Callable[[], None]:
        """A counter's `increase by one`."""
        return Counter(f"borehole_{name}", text, registry=self._own).inc

    def follow(self, name: str, text: str, total: Callable[[], int]) -> None:
        """Expose what something in this process counts by itself from 0, such as a cache its hits.

        Followed anew where an application is started a second time: the counter goes on.
        """
        known = self._followed.get(name)
        counter = known.counter if known else Counter(f"borehole_{name}", text, registry=self._own)
        self._followed[name] = _Followed(counter, total)

    def begin(self) -> None:
        self._in_flight.inc()

    def end(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", UNMATCHED)
        self._in_flight.dec()
        method = scope["method"] if scope["method"] in METHODS else OTHER_METHOD
        self._requests_of(method, route, str(status)).inc()
        self._seconds_of(route).observe(seconds)
        for each in self._followed.values():
            each.catch_up()

    def registry(self) -> CollectorRegistry:
        """What to expose: this process's counters, or those of all workers."""
        if SHARED_FOLDER not in os.environ:
            return self._own
        _forget_the_dead(Path(os.environ[SHARED_FOLDER]))
        shared = CollectorRegistry()
        MultiProcessCollector(shared)  # type: ignore[no-untyped-call]
        return shared


class _Followed:
    def __init__(self, counter: Counter, total: Callable[[], int]) -> None:
        self.counter = counter
        self.total = total
        self.seen = 0

    def catch_up(self) -> None:
        total = self.total()
        if total != self.seen:
            self.counter.inc(total - self.seen)
            self.seen = total


def _forget_the_dead(folder: Path) -> None:
    """What a killed worker had in flight is no longer; what it had counted stays."""
    for file in folder.glob("gauge_live*_*.db"):
        pid = int(file.stem.rpartition("_")[2])
        if not Path(f"/proc/{pid}").exists():
            mark_process_dead(pid)  # type: ignore[no-untyped-call]
