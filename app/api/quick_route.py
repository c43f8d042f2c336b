"""A way past FastAPI for what is asked most: plain parameters are parsed at once, all others by FastAPI.

For each request FastAPI finds its route anew, and what each parameter is, which takes longer than drawing the
picture. What there is to parse is known when the route is made.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import MISSING, fields, is_dataclass
from typing import Annotated, Any, get_args, get_origin, get_type_hints
from urllib.parse import parse_qsl

from fastapi import Request
from fastapi.params import Param, Query
from pydantic import TypeAdapter
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.problems import answer_problem
from app.api.routing import StrictRoute
from app.api.services import UsesServices
from app.errors import RequestError, TransientError

Given = dict[str, str]
"""The parameters of a request that were given, by the name they have there."""

Argument = Callable[[Request, Given], Any]
"""Makes one argument of an endpoint, and takes what it uses out of the dict. Raises ValueError."""


class NotPlain(ValueError):
    """FastAPI has to look at this request."""


class QuickRoute(StrictRoute):
    """For async endpoints that return a Response, whose parameters are the request, the services, scalars and
    dataclasses of scalars."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        self.arguments = _arguments(endpoint)

    def parsed(self, request: Request) -> dict[str, Any]:
        """The endpoint's arguments. Raises ValueError where FastAPI has to find out what is to be said of them."""
        in_path = self.path_regex.match(request.scope["path"])
        if in_path is None:
            raise NotPlain
        in_query = _in_query(request.scope["query_string"].decode())
        given = in_query | in_path.groupdict()
        if len(given) != len(in_query) + self.path_regex.groups:
            raise NotPlain
        arguments = {name: argument(request, given) for name, argument in self.arguments.items()}
        if given:  # nobody knows these
            raise NotPlain
        return arguments


class QuickAnswers:
    """Middleware in front of the router: what quick routes can answer at once need not find its way there."""

    def __init__(self, app: ASGIApp, *, routes: Sequence[BaseRoute]) -> None:
        self.app = app
        self.routes = [route for route in routes if isinstance(route, QuickRoute)]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = await self._answer(Request(scope, receive)) if _is_plain_get(scope) else None
        await (answer or self.app)(scope, receive, send)

    async def _answer(self, request: Request) -> Response | None:
        for route in self.routes:
            try:
                arguments = route.parsed(request)
            except ValueError:
                continue
            request.scope["route"] = route
            try:
                answer: Response = await route.endpoint(**arguments)
            except (RequestError, TransientError) as error:
                answer = await answer_problem(request, error)
            return answer
        return None


def _in_query(text: str) -> Given:
    """The parameters of a query string. Raises NotPlain where one is given twice."""
    if not text or "%" in text or "+" in text:
        pairs = parse_qsl(text, keep_blank_values=True)
    else:  # the same, three times as fast
        pairs = [(name, value) for name, _, value in (part.partition("=") for part in text.split("&"))]
    given = dict(pairs)
    if len(given) != len(pairs):
        raise NotPlain
    return given


def _is_plain_get(scope: Scope) -> bool:
    return scope["type"] == "http" and scope["method"] == "GET" and not scope.get("root_path")


def _arguments(endpoint: Callable[..., Any]) -> dict[str, Argument]:
    hints = get_type_hints(endpoint, include_extras=True)
    parameters = inspect.signature(endpoint).parameters.values()
    return {each.name: _argument(each.name, hints[each.name], each.default) for each in parameters}


def _argument(name: str, hint: Any, default: Any) -> Argument:
    if hint is Request:
        return lambda request, given: request
    if hint == UsesServices:
        return lambda request, given: request.app.state.services
    kind = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    if is_dataclass(kind):
        return _group(kind)
    return _scalar(name, hint, default)


def _group(kind: Any) -> Argument:
    hints = get_type_hints(kind, include_extras=True)
    members = []
    needed = set()
    for field in fields(kind):
        alias, parse = _in_request(field.name, hints[field.name])
        members.append((field.name, alias, parse))
        if _is_needed(field.default):
            needed.add(alias)

    def group(request: Request, given: Given) -> Any:
        if not needed <= given.keys():
            raise NotPlain
        return kind(**{name: parse(given.pop(alias)) for name, alias, parse in members if alias in given})

    return group


def _scalar(name: str, hint: Any, default: Any) -> Argument:
    alias, parse = _in_request(name, hint)

    def scalar(request: Request, given: Given) -> Any:
        if alias in given:
            return parse(given.pop(alias))
        if _is_needed(default):
            raise NotPlain
        return default

    return scalar


def _in_request(name: str, hint: Any) -> tuple[str, Callable[[str], Any]]:
    """What a parameter is called in requests, and what parses its text."""
    info = next((extra for extra in get_args(hint)[1:] if isinstance(extra, Param)), Query())
    return info.alias or name, TypeAdapter(hint).validator.validate_python


def _is_needed(default: Any) -> bool:
    return default in (inspect.Parameter.empty, MISSING)
