"""News for those who look on: one poller a process, whatever the number of listeners."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

import anyio
from starlette.concurrency import run_in_threadpool

from app.errors import CatalogUnavailable
from app.storage.catalog.events import Events
from app.storage.catalog.tables import Event

log = logging.getLogger("borehole.api")

POLL_SECONDS = 0.25
LISTENER_LIMIT = 1000
"""Events a listener may be behind; one that is further back is cut off, and comes again for what it missed."""


class News:
    """Reads new events from the catalog and hands them to every listener. Of one event loop only."""

    def __init__(self, events: Events) -> None:
        self.events = events
        self._listeners: set[asyncio.Queue[Event | None]] = set()
        self._latest = 0

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        self._latest = await run_in_threadpool(self.events.latest)
        poller = asyncio.create_task(self._poll())
        try:
            yield
        finally:
            poller.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await poller

    async def listen(self, after: int | None, stopping: anyio.Event | None = None) -> AsyncIterator[Event]:
        """Events from now on; with `after`, those since that event first.

        Ends where a listener is too slow, and with `stopping`.
        """
        queue: asyncio.Queue[Event | None] = asyncio.Queue(LISTENER_LIMIT)
        self._listeners.add(queue)
        end = asyncio.ensure_future((stopping or anyio.Event()).wait())
        end.add_done_callback(lambda _: self._dismiss(queue))
        try:
            seen = self._latest
            if after is not None:  # an id from the future is one of a catalog that is no more
                seen = min(after, await run_in_threadpool(self.events.latest))
            while missed := await run_in_threadpool(self.events.after, seen) if after is not None else ():
                for event in missed:
                    yield event
                    seen = event.id
            while queue in self._listeners:
                fresh = await queue.get()
                if fresh is not None and fresh.id > seen:
                    yield fresh
        finally:
            end.cancel()
            self._listeners.discard(queue)

    def _dismiss(self, queue: asyncio.Queue[Event | None]) -> None:
        self._listeners.discard(queue)
        with contextlib.suppress(asyncio.QueueFull):
            queue.put_nowait(None)

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            try:
                fresh = await run_in_threadpool(self.events.after, self._latest)
                for event in fresh:
                    self._latest = event.id
                    self._tell(event)
            except CatalogUnavailable as error:
                log.warning("no news: %s", error)
            except Exception:  # whoever listens would wait for ever
                log.exception("no news")

    def _tell(self, event: Event) -> None:
        for queue in list(self._listeners):
            try:
                queue.put_nowait(event)
            except asyncio.QueueFull:
                self._listeners.discard(queue)
