"""Errors as `application/problem+json`, each with the id of its request."""

from __future__ import annotations

import json
import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from app.api.request_log import printable
from app.errors import (
    InvalidParameter,
    MayAskAgain,
    RequestError,
    TransientError,
    problem,
)

log = logging.getLogger("borehole.api")

RETRY_AFTER_SECONDS = 5

PROBLEM_SCHEMA: dict[str, Any] = {
    "application/problem+json": {
        "schema": {
            "type": "object",
            "required": ["type", "title", "status", "detail", "code", "request_id"],
            "properties": {
                "type": {"type": "string"},
                "title": {"type": "string"},
                "status": {"type": "integer"},
                "detail": {"type": "string", "description": "What is wrong, and what would have been right."},
                "code": {"type": "string", "description": "Stable: made for scripts to act on."},
                "request_id": {"type": "string"},
            },
        }
    }
}


def may_answer(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problems an endpoint documents in OpenAPI."""
    meaning = {
        401: "An API key is required.",
        403: "Changes are not allowed from there.",
        404: "There is no such thing, or no row in that depth range.",
        406: "There is no such format; `formats` lists those there are.",
        409: "It is not in a state for that.",
        413: "More rows, pixels or bytes than one answer, or one file, may have.",
        422: "A parameter is malformed.",
        503: "The catalog or the storage does not answer right now, or there is too much to do: try again in a few "
        "seconds.",
    }
    return {status: {"description": meaning[status], "content": PROBLEM_SCHEMA} for status in statuses}


def install(app: FastAPI) -> None:
    for kind in (RequestError, TransientError, Exception):
        app.add_exception_handler(kind, answer_problem)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(HTTPException, _answer_http)


async def answer_problem(request: Request, error: Exception) -> Response:
    """What is told of an error, and no more: a 500 says nothing of its cause."""
    if not isinstance(error, RequestError):
        request_id = request.scope["request_id"]
        log.error(
            "%s %s failed (request %s): %r",
            request.method,
            printable(request.scope["path"]),
            request_id,
            error,
            exc_info=None if isinstance(error, TransientError) else error,  # one cause, many requests
            extra={"request": request_id},
        )
    body, headers = problem(error), {}
    if isinstance(error, TransientError | MayAskAgain):
        headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    if body["status"] == 401:
        headers["WWW-Authenticate"] = "ApiKey"
    if body["status"] == 500:  # answered outside of the middleware, which adds these to all other answers
        headers |= {"X-Request-Id": request.scope["request_id"], "X-Content-Type-Options": "nosniff"}
    return _response(request, body, headers)


async def _answer_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = [_fault(fault) for fault in error.errors()]
    text = "; ".join(_told(fault) for fault in faults)
    return _response(request, problem(InvalidParameter(text, errors=faults)))


def _told(fault: dict[str, str]) -> str:
    if "value" not in fault:
        return f"{fault['parameter']} {fault['message']}"
    return f"{fault['parameter']}: {fault['message']} (got {fault['value']})"


def _fault(fault: dict[str, Any]) -> dict[str, str]:
    place = fault["loc"][-1]
    if fault["type"] == "missing":
        return {"parameter": str(place), "message": "is missing"}
    if fault["type"] == "json_invalid":
        message = f"not JSON at character {place + 1}: {fault['ctx']['error']}"
        return {"parameter": "body", "message": message, "value": "no JSON"}
    return {"parameter": str(place), "message": fault["msg"], "value": _shown(fault.get("input"))}


_HTTP_CODES = {404: "no_such_page", 405: "method_not_allowed", 413: "body_too_large"}


async def _answer_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    body = {
        "type": "about:blank",
        "title": error.detail,
        "status": error.status_code,
        "code": _HTTP_CODES.get(error.status_code, "http_error"),
        "detail": f"{request.method} {request.scope['path']}: {error.detail}. GET /docs lists what there is.",
    }
    return _response(request, body, dict(error.headers or {}))


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 100 else text[:99] + "…"


def _response(request: Request, body: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    body["request_id"] = request.scope["request_id"]
    return Response(
        json.dumps(body, default=str),  # unlike orjson, it writes any number and any text that was asked for
        status_code=body["status"],
        media_type="application/problem+json",
        headers=headers,
    )
