"""Clients that ask for everything there is, and what they were answered."""

from __future__ import annotations

import random
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import httpx2
import numpy as np

PICK = {"name": "soak", "kind": "bed", "amplitude": 0.1, "azimuth": 90.0, "hole_diameter": 0.2}
RARE = (
    "/images",
    "/stats",
    "/pipeline/status",
    "/pipeline/history",
    "/health",
    "/metrics",
    "/colormaps",
    "/",
)
SHARES = {"picture": 8, "numbers": 4, "tile": 4, "whole": 1, "export": 1, "pick": 1, "other": 2}
"""How often what is asked for."""


@dataclass
class Kind:
    """One kind of request: seconds each took, and how many ended with which status."""

    seconds: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    errors: list[str] = field(default_factory=list)
    """Server errors other than an honest 503, and connections that broke."""


class Load:
    """`clients` threads, each asking for one thing after another, of any of the images there are."""

    def __init__(self, url: str, clients: int, seed: int) -> None:
        self.url = url
        self.kinds: dict[str, Kind] = defaultdict(Kind)
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._ask_on, args=(random.Random(seed + number),), daemon=True)
            for number in range(clients)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask_on(self, chance: random.Random) -> None:
        with httpx2.Client(base_url=self.url, timeout=60) as client:
            images: list[dict[str, Any]] = []
            while not self._stop.wait(chance.uniform(0, 0.02)):
                if not images or chance.random() < 0.02:
                    answer = self._ask(client, "list", "GET", "/images?limit=1000")
                    images = answer.json()["images"] if answer is not None and answer.is_success else []
                    continue
                kind, method, path, body = _request(chance, chance.choice(images))
                self._ask(client, kind, method, path, body)

    def _ask(
        self, client: httpx2.Client, kind: str, method: str, path: str, body: object = None
    ) -> httpx2.Response | None:
        began = time.perf_counter()
        error, status, answer = None, 0, None
        try:
            answer = client.request(method, path, json=body)
            status = answer.status_code
            honest = "retry-after" in answer.headers or path == "/health"
            if status >= 500 and not (status == 503 and honest):
                error = f"{method} {path}: {status} {answer.text[:200]}"
        except httpx2.HTTPError as broken:
            error = f"{method} {path}: {broken!r}"
        with self._lock:
            figures = self.kinds[kind]
            figures.seconds.append(time.perf_counter() - began)
            figures.statuses[status] += 1
            if error is not None:
                figures.errors.append(error)
        return answer

    def table(self) -> list[str]:
        lines = ["| kind | requests | by status | p50 ms | p99 ms | errors |", "|---|---|---|---|---|---|"]
        for name, kind in sorted(self.kinds.items()):
            p50, p99 = np.percentile(kind.seconds, [50, 99]) * 1000
            statuses = ", ".join(f"{status}: {count}" for status, count in sorted(kind.statuses.items()))
            lines.append(
                f"| {name} | {len(kind.seconds)} | {statuses} | {p50:.1f} | {p99:.0f} | {len(kind.errors)} |"
            )
        return lines


def _request(chance: random.Random, image: dict[str, Any]) -> tuple[str, str, str, object]:
    image_id, top, bottom = image["image_id"], image["depth_min"], image["depth_max"]
    upper = chance.uniform(top, bottom)
    window = f"image_id={image_id}&depth_min={upper:.3f}&depth_max={upper + 84 * image['step']:.3f}"
    sort = chance.choices(
        ("picture", "numbers", "tile", "whole", "export", "pick", "other"), (8, 4, 4, 1, 1, 1, 2)
    )[0]
    match sort:
        case "picture":
            return sort, "GET", f"/frames/image?{window}", None
        case "numbers":
            return sort, "GET", f"/frames?{window}", None
        case "tile":
            return sort, "GET", f"/images/{image_id}/tiles/0/0.png?rescale=0,{chance.randrange(1, 999)}", None
        case "whole":
            normalize = chance.choice(("static", "dynamic"))
            height = chance.randrange(100, 1000)
            return (
                sort,
                "GET",
                f"/frames/image?image_id={image_id}&height={height}&normalize={normalize}",
                None,
            )
        case "export":
            name = chance.choice(("csv", "npy", "parquet", "las"))
            return sort, "GET", f"/images/{image_id}/export?format={name}", None
        case "pick":
            return sort, "POST", f"/images/{image_id}/picks", PICK | {"depth": upper}
        case _:
            return sort, "GET", chance.choice(RARE), None
