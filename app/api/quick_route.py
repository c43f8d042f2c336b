"""A route for what is asked most: plain parameters are parsed at once, all others, and all faults, by FastAPI.

For each request FastAPI finds out anew what each parameter is, which takes as long as drawing the picture: 135 of
360 µs. What there is to parse is known when the route is made.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine
from dataclasses import MISSING, fields, is_dataclass
from typing import Annotated, Any, get_args, get_origin, get_type_hints
from urllib.parse import parse_qsl

from fastapi import Request, Response
from fastapi.params import Param, Query
from pydantic import TypeAdapter

from app.api.routing import StrictRoute
from app.api.services import UsesServices

Given = dict[str, str]
"""The parameters of a request that were given, by the name they have there."""

Argument = Callable[[Request, Given], Any]
"""Makes one argument of an endpoint, and takes what it uses out of the dict. Raises ValueError."""


class NotPlain(ValueError):
    """FastAPI has to look at this request."""


class QuickRoute(StrictRoute):
    """For async endpoints that return a Response, whose parameters are the request, the services, scalars and
    dataclasses of scalars."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        thorough = super().get_route_handler()
        endpoint = self.endpoint
        arguments = _arguments(endpoint)

        async def answer(request: Request) -> Response:
            try:
                parsed = _parsed(request, arguments)
            except ValueError:
                return await thorough(request)
            response: Response = await endpoint(**parsed)
            return response

        return answer


def _parsed(request: Request, arguments: dict[str, Argument]) -> dict[str, Any]:
    pairs = parse_qsl(request.scope["query_string"].decode(), keep_blank_values=True)
    given = dict(pairs) | request.path_params
    if len(given) != len(pairs) + len(request.path_params):
        raise NotPlain
    parsed = {name: argument(request, given) for name, argument in arguments.items()}
    if given:  # nobody knows these
        raise NotPlain
    return parsed


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
    members = {field.name: _scalar(field.name, hints[field.name], field.default) for field in fields(kind)}
    return lambda request, given: kind(**{name: member(request, given) for name, member in members.items()})


def _scalar(name: str, hint: Any, default: Any) -> Argument:
    info = next((extra for extra in get_args(hint)[1:] if isinstance(extra, Param)), Query())
    alias = info.alias or name
    parse = TypeAdapter(hint).validator.validate_python

    def argument(request: Request, given: Given) -> Any:
        text = given.pop(alias, None)
        return default if text is None else parse(text)

    if default in (inspect.Parameter.empty, MISSING):

        def required(request: Request, given: Given) -> Any:
            try:
                return parse(given.pop(alias))
            except KeyError:
                raise NotPlain from None

        return required
    return argument
