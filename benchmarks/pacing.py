"""Requests at a fixed rate, whatever the answers do: latency, not saturation."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from benchmarks.table import Invalid

CONNECTIONS = 16
TIMER_SECONDS = 0.002
"""The event loop sleeps in whole milliseconds; what is left of a wait is spent awake."""

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def paced(url: str, paths: Iterable[str], per_second: float, over: asyncio.Event) -> list[float]:
    """Milliseconds from the moment each request was due until its answer was there, in order.

    Ends with `paths`, or when `over` is set. Raises Invalid where an answer is not 200.
    """
    parts = urlsplit(url)
    free: asyncio.Queue[Connection] = asyncio.Queue()
    for _ in range(CONNECTIONS):
        free.put_nowait(await asyncio.open_connection(parts.hostname, parts.port))
    loop = asyncio.get_running_loop()
    asked = []
    started = loop.time()
    for number, path in enumerate(paths):
        due = started + number / per_second
        await _until(due)
        if over.is_set():
            break
        asked.append(asyncio.create_task(_ask(free, path, due)))
    try:
        return await asyncio.gather(*asked)
    finally:
        while not free.empty():
            free.get_nowait()[1].close()


def percentile(figures: Sequence[float], share: float) -> float:
    """The least of the figures that `share` of them do not exceed."""
    return sorted(figures)[max(0, math.ceil(share * len(figures)) - 1)]


async def _until(due: float) -> None:
    loop = asyncio.get_running_loop()
    if (left := due - loop.time() - TIMER_SECONDS) > 0:
        await asyncio.sleep(left)
    while loop.time() < due:
        await asyncio.sleep(0)


async def _ask(free: asyncio.Queue[Connection], path: str, due: float) -> float:
    reader, writer = connection = await free.get()
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    status, length = head(await reader.readuntil(b"\r\n\r\n"))
    body = await reader.readexactly(length)
    free.put_nowait(connection)
    if status != 200:
        raise Invalid(f"{path}: {status} {body[:120].decode(errors='replace')}")
    return (asyncio.get_running_loop().time() - due) * 1000


def head(lines: bytes) -> tuple[int, int]:
    """Status and length of the body of an HTTP/1.1 answer."""
    first, *fields = lines.decode("latin-1").split("\r\n")
    length = next(field.split(":")[1] for field in fields if field.lower().startswith("content-length:"))
    return int(first.split()[1]), int(length)
