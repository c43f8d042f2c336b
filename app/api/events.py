"""Server-sent events: what the pipeline does, as it does it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

import anyio
import orjson
from fastapi import APIRouter, Header
from pydantic import BaseModel
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from app.api.jobs import JobView
from app.api.pipeline import StatusView
from app.api.problems import may_answer
from app.api.routing import StrictRoute
from app.api.services import Services, UsesServices
from app.storage.catalog.tables import Event, EventKind, Job

router = APIRouter(prefix="/pipeline", tags=["pipeline"], route_class=StrictRoute)

PING_SECONDS = 15
GRACE_SECONDS = 2.0
"""For which a stream may take to end of itself when the server stops; it is cut off then."""

_EXAMPLE = (
    'id: 41\nevent: job\ndata: {"id":7,"name":"challenge.csv","state":"running","rows_done":4096,…}\n\n'
)
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {"description": "A stream.", "content": {"text/event-stream": {"example": _EXAMPLE}}}
}


@router.get(
    "/events",
    summary="What happens, as it happens",
    response_class=EventSourceResponse,
    responses=_STREAM | may_answer(422, 503),
)
async def events(
    services: UsesServices,
    last_event_id: Annotated[
        int | None,
        Header(ge=0, le=2**63 - 1, description="Go on after this event; a browser sends it by itself."),
    ] = None,
) -> EventSourceResponse:
    """Server-sent events, kept for an hour.

    `job`: a job's state or progress, as in `/pipeline/jobs/{id}`. `image`: one was stored, changed or deleted.
    `picks`: one of an image's was laid, changed or taken away. `pipeline`: the status, as in `/pipeline/status`;
    also once at the beginning.
    """
    services.news.require_room()
    stopping = anyio.Event()
    return EventSourceResponse(
        _stream(services, last_event_id, stopping),
        ping=PING_SECONDS,
        shutdown_event=stopping,
        shutdown_grace_period=GRACE_SECONDS,
    )


async def _stream(
    services: Services, last_event_id: int | None, stopping: anyio.Event
) -> AsyncIterator[ServerSentEvent]:
    async def told(event: Event) -> ServerSentEvent:
        return _encoded(EventKind(event.kind), await _content(services, event), event.id)

    yield _encoded(EventKind.PIPELINE, await _status(services))
    async for item in services.news.listen(last_event_id, stopping):
        yield await item.told(told)


async def _content(services: Services, event: Event) -> BaseModel | dict[str, Any]:
    if event.kind == EventKind.JOB:
        return JobView.of(Job(**event.data), event.at)
    if event.kind == EventKind.PIPELINE:
        return await _status(services)
    return event.data


async def _status(services: Services) -> StatusView:
    return StatusView.of(await run_in_threadpool(services.pipeline.status), services)


def _encoded(
    kind: EventKind, content: BaseModel | dict[str, Any], event_id: int | None = None
) -> ServerSentEvent:
    data = content.model_dump(mode="json") if isinstance(content, BaseModel) else content
    return ServerSentEvent(
        orjson.dumps(data).decode(), event=kind, id=None if event_id is None else str(event_id)
    )
