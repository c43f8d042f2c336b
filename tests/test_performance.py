"""Promises of speed, each as a generous ratio to something in the same run, or by counting what is read."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from statistics import median

import anyio.to_thread
import httpx2
import pytest

from app.api.services import Services
from app.storage.arrays.reading import BLOCK_ROWS, RowReader

WINDOW = {"image_id": 1, "depth_min": 9201.9, "depth_max": 9210.3}
Ask = Callable[..., Awaitable[httpx2.Response]]


def seconds(action: Callable[[], object], times: int = 15) -> float:
    def once() -> float:
        started = time.perf_counter()
        action()
        return time.perf_counter() - started

    return median(once() for _ in range(times))


@pytest.fixture
def services(library) -> Services:
    return library.client.app.state.services


@pytest.fixture
def rows_read(monkeypatch) -> list[int]:
    """How many rows each answer's read spans, wherever they came from."""
    spans = []
    for name in ("rows", "rows_in_memory"):
        original = getattr(RowReader, name)

        def counted(reader, image_id, level, start, stop, original=original):
            found = original(reader, image_id, level, start, stop)
            if found is not None:
                spans.append(stop - start)
            return found

        monkeypatch.setattr(RowReader, name, counted)
    return spans


def at_once(library, story: Callable[[Ask], Awaitable[None]]) -> None:
    """Run `story` on an event loop of its own, on which the library's server answers too."""

    async def run() -> None:
        transport = httpx2.ASGITransport(app=library.client.app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
            await story(client.get)

    asyncio.run(run())


def test_rows_in_memory_are_several_times_as_quick_as_rows_on_disk(services):
    """A frame of a warm image does not wait for TileDB, which keeps no tiles itself."""
    cold = RowReader(services.place.arrays, 0)
    cold.rows(1, 0, 2018, 2103)
    services.reader.rows(1, 0, 2018, 2103)
    from_disk = seconds(lambda: cold.rows(1, 0, 2018, 2103))
    warm = seconds(lambda: services.reader.rows_in_memory(1, 0, 2018, 2103))
    cold.close()
    assert warm < from_disk / 5


def test_a_warm_frame_asks_neither_disk_nor_catalog_nor_a_thread(library, monkeypatch):
    library.client.get("/frames/image", params=WINDOW)

    async def refuse(*args: object, **named: object) -> None:
        raise AssertionError("a thread was asked")

    monkeypatch.setattr(anyio.to_thread, "run_sync", refuse)
    for path in ("/frames/image", "/frames", "/frames?format=base64"):
        assert library.client.get(path, params=WINDOW).status_code == 200


def test_a_picture_of_the_whole_well_reads_few_rows(library, rows_read):
    for height in (1000, 300, 50):
        rows_read.clear()
        library.client.get("/frames/image", params={"image_id": 1, "height": height})
        assert height <= sum(rows_read) <= max(4 * height, 1024)


def test_a_picture_of_the_whole_well_takes_about_as_long_as_its_pixels(library):
    """5,460 rows at 340 pixels against a window of 340 rows: the rest of the well costs nothing."""
    window = {"image_id": 1, "depth_min": 9100, "depth_max": 9133.9}
    whole = {"image_id": 1, "height": 340}
    for query in (window, whole):
        library.client.get("/frames/image", params=query)
    of_window = seconds(lambda: library.client.get("/frames/image", params=window))
    of_whole = seconds(lambda: library.client.get("/frames/image", params=whole))
    assert of_whole < 5 * of_window


def test_a_304_reads_no_row(library, rows_read):
    first = library.client.get("/frames/image", params=WINDOW)
    rows_read.clear()
    unchanged = {"If-None-Match": first.headers["etag"]}
    assert library.client.get("/frames/image", params=WINDOW, headers=unchanged).status_code == 304
    assert rows_read == []


def test_a_window_within_a_block_that_was_read_is_not_read_again(library, services):
    library.client.get("/frames", params=WINDOW)
    misses = services.reader.cache.misses
    for start in range(10):
        depth = 9000.1 + (2018 // BLOCK_ROWS) * BLOCK_ROWS / 10 + start
        library.client.get(
            "/frames/image", params={"image_id": 1, "depth_min": depth, "depth_max": depth + 5}
        )
    assert services.reader.cache.misses == misses


def test_while_one_request_waits_for_the_disk_others_are_answered(library, services, monkeypatch):
    """Not only what touches nothing: with every thread taken by misses, a warm frame is answered still."""
    waiting, disk_answers = threading.Event(), threading.Event()
    original = RowReader.rows

    def slow(*row_range):
        waiting.set()
        assert disk_answers.wait(20)
        return original(*row_range)

    async def story(ask: Ask) -> None:
        anyio.to_thread.current_default_thread_limiter().total_tokens = 1
        await ask("/frames/image", params=WINDOW)
        monkeypatch.setattr(RowReader, "rows", slow)
        miss = {"image_id": 1, "depth_min": 9400, "depth_max": 9405}
        missing = asyncio.create_task(ask("/frames/image", params=miss))
        try:
            while not waiting.is_set():
                assert not missing.done()
                await asyncio.sleep(0)
            assert (await asyncio.wait_for(ask("/health/live"), 10)).status_code == 200
            warm = await asyncio.wait_for(ask("/frames/image", params=WINDOW), 10)
            assert warm.status_code == 200
            assert not missing.done()
        finally:
            disk_answers.set()
        assert (await missing).status_code == 200

    monkeypatch.setattr("app.storage.known_images.FRESH_SECONDS", 60.0)
    # The window's block stays in memory, the other one's does not.
    library.client.get("/frames/image", params=WINDOW)
    for key in [
        key for key in services.reader.cache._blocks if key[:2] == (1, 0) and key[2] != 2018 // BLOCK_ROWS
    ]:
        del services.reader.cache._blocks[key]
    at_once(library, story)
