"""What holds for every endpoint: no query parameters but those it names, and HEAD wherever there is GET."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from difflib import get_close_matches
from typing import Any

from fastapi import Request, Response
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Query
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.problems import may_answer
from app.errors import InvalidParameter


class StrictRoute(APIRoute):
    """An endpoint that refuses a misspelt query parameter, rather than answer as if it had not been given."""

    def __init__(
        self,
        path: str,
        endpoint: Callable[..., Any],
        *,
        responses: dict[int | str, dict[str, Any]] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(path, endpoint, responses=(responses or {}) | may_answer(422), **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()
        parameters = (
            field for field in get_flat_params(self.dependant) if isinstance(field.field_info, Query)
        )
        known = frozenset(field.alias for field in parameters)

        async def strict_answer(request: Request) -> Response:
            if request.scope["query_string"] and not known.issuperset(request.query_params):
                raise _unknown(next(name for name in request.query_params if name not in known), known)
            return await answer(request)

        return strict_answer


def _unknown(given: str, known: frozenset[str]) -> InvalidParameter:
    name = given if len(given) <= 100 else given[:99] + "…"
    near = get_close_matches(name.lower(), known, n=1)
    if near:
        advice = f"did you mean {near[0]!r}?"
    else:
        advice = f"it takes {', '.join(sorted(known))}" if known else "it takes none"
    return InvalidParameter(
        f"there is no parameter {name!r} here: {advice}", parameter=name, known=sorted(known)
    )


HEAD_ALONE = "borehole.head_alone"
"""The key of a request's scope that tells a long answer that nobody will see more of it than its head."""


class HeadAsGet:
    """HEAD, wherever GET is answered: the same status and headers, and no body."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return
        answered = False

        async def send_head(message: Message) -> None:
            nonlocal answered
            if message["type"] == "http.response.start":
                await send(message)
            elif not answered:  # a stream of events has no end: for the server, this is it
                answered = True
                await send({"type": "http.response.body", "body": b"", "more_body": False})

        await self.app({**scope, "method": "GET", HEAD_ALONE: True}, receive, send_head)
