"""News for those who look on: one poller a process, whatever the number of listeners."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, TypeVar

import anyio
from starlette.concurrency import run_in_threadpool

from app.errors import CatalogUnavailable, ServerBusy
from app.storage.catalog.events import Events
from app.storage.catalog.tables import Event

log = logging.getLogger("borehole.api")

T = TypeVar("T")

POLL_SECONDS = 0.25
MOST_LISTENERS = 1000
"""Of one process; each takes a connection, and some 100 KiB."""
LISTENER_LIMIT = 1000
"""Events a listener may be behind; one that is further back is cut off, and comes again for what it missed."""


class Item:
    """An event, and what is told of it: made once, whatever the number of those who hear it."""

    def __init__(self, event: Event) -> None:
        self.event = event
        self._telling: asyncio.Future[Any] | None = None

    async def told(self, tell: Callable[[Event], Coroutine[Any, Any, T]]) -> T:
        """What `tell` makes of the event; every listener is to give the same `tell`."""
        if self._telling is None:
            self._telling = asyncio.ensure_future(tell(self.event))
        told: T = await asyncio.shield(self._telling)  # one that goes does not take it from the others
        return told


class News:
    """Reads new events from the catalog and hands them to every listener. Of one event loop only."""

    def __init__(self, events: Events) -> None:
        self.events = events
        self._listeners: set[asyncio.Queue[Item | None]] = set()
        self._latest = 0

    def require_room(self) -> None:
        """Raises ServerBusy where nobody else can listen."""
        if len(self._listeners) >= MOST_LISTENERS:
            raise ServerBusy(f"{MOST_LISTENERS} clients are listening already: ask /pipeline/status instead")

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

    async def listen(self, after: int | None, stopping: anyio.Event | None = None) -> AsyncIterator[Item]:
        """Events from now on; with `after`, those since that event first.

        Ends where a listener is too slow, and with `stopping`.
        """
        queue: asyncio.Queue[Item | None] = asyncio.Queue(LISTENER_LIMIT)
        self._listeners.add(queue)
        end = asyncio.ensure_future((stopping or anyio.Event()).wait())
        end.add_done_callback(lambda _: self._dismiss(queue))
        try:
            seen = self._latest
            if after is not None:  # an id from the future is one of a catalog that is no more
                seen = min(after, await run_in_threadpool(self.events.latest))
            while missed := await run_in_threadpool(self.events.after, seen) if after is not None else ():
                for event in missed:
                    yield Item(event)
                    seen = event.id
            while queue in self._listeners:
                item = await queue.get()
                if item is not None and item.event.id > seen:
                    yield item
        finally:
            end.cancel()
            self._listeners.discard(queue)

    def _dismiss(self, queue: asyncio.Queue[Item | None]) -> None:
        self._listeners.discard(queue)
        with contextlib.suppress(asyncio.QueueFull):
            queue.put_nowait(None)

    async def _poll(self) -> None:
        answered = True
        while True:
            await asyncio.sleep(POLL_SECONDS)
            try:
                fresh = await run_in_threadpool(self.events.after, self._latest)
                for event in fresh:
                    self._latest = event.id
                    self._hand_out(Item(event))
            except CatalogUnavailable as error:
                if answered:  # four times a second would be no news
                    log.warning("no news until the catalog answers again: %s", error)
                answered = False
            except Exception:  # whoever listens would wait for ever
                log.exception("no news")
            else:
                answered = True

    def _hand_out(self, item: Item) -> None:
        for queue in list(self._listeners):
            try:
                queue.put_nowait(item)
            except asyncio.QueueFull:
                self._listeners.discard(queue)
