"""One line for every request, under an id that comes back with the answer."""

from __future__ import annotations

import asyncio
import re

import pytest
from fastapi.testclient import TestClient
from starlette.responses import PlainTextResponse

from app.api.metering import Meter
from app.api.request_log import RequestLog, printable
from tests.api.conftest import records_of


@pytest.fixture
def records():
    with records_of("borehole.access") as kept:
        yield kept


def asked(lines: bool = True, app=None) -> TestClient:
    app = app or PlainTextResponse("here")
    return TestClient(RequestLog(app, meter=Meter(), lines=lines), raise_server_exceptions=False)


def test_one_line_says_what_was_asked_and_what_came_of_it(records):
    response = asked().get("/frames?image_id=1&depth_min=9201.9")
    (record,) = records
    request_id = response.headers["x-request-id"]
    line = rf"GET /frames\?image_id=1&depth_min=9201\.9 200 \d+\.\d ms {request_id}"
    assert re.fullmatch(line, record.getMessage())
    assert (record.request, record.status, record.client) == (request_id, 200, "testclient")
    assert record.ms >= 0


def test_every_request_of_the_server_is_logged_once_errors_included(blunt, records):
    urls = ["/health/live", "/nothing", "/frames", "/images/77", "/viewer/main.js"]
    ids = [blunt.get(url).headers["x-request-id"] for url in urls]
    assert [record.request for record in records] == ids
    assert len(set(ids)) == len(ids)
    assert [record.status for record in records] == [200, 404, 422, 404, 200]


def test_a_request_that_fails_is_logged_as_500(records):
    async def broken(scope, receive, send):
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        TestClient(RequestLog(broken, meter=Meter(), lines=True)).get("/")
    assert records[0].status == 500


@pytest.mark.parametrize("given", ["a", "abc-DEF_1.2", "x" * 64])
def test_a_well_formed_id_from_a_proxy_is_kept(given):
    assert asked().get("/", headers={"X-Request-Id": given}).headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["", "x" * 65, "two words", "a;b", "<b>", "a\tb", b"\xff", "a,b"])
def test_any_other_id_is_replaced(given):
    assert re.fullmatch(
        "[0-9a-f]{16}", asked().get("/", headers={"X-Request-Id": given}).headers["x-request-id"]
    )


@pytest.mark.parametrize("given", [b"a\r\nSet-Cookie: x=1", b"a\n", b"\na", b"a\r"])
def test_an_id_never_carries_another_header(given):
    """Servers refuse such a header before us; should one let it through, it goes no further."""
    sent = []

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "query_string": b"",
        "headers": [(b"x-request-id", given)],
        "client": None,
    }
    asyncio.run(RequestLog(PlainTextResponse("here"), meter=Meter(), lines=True)(scope, None, send))
    headers = dict(sent[0]["headers"])
    assert re.fullmatch(b"[0-9a-f]{16}", headers[b"x-request-id"])
    assert b"set-cookie" not in headers


def test_a_line_cannot_be_forged_through_the_path(records):
    asked().get("/x%0A2026-11-25 INFO access: GET /forged 200%1B[2J?q=%0A")
    (record,) = records
    assert "\n" not in record.getMessage()
    assert "\x1b" not in record.getMessage()
    assert record.getMessage().isascii()
    assert printable("é\r\n\t\u2028") == r"\xe9\r\n\t\u2028"


def test_lines_can_be_switched_off_and_ids_stay(records):
    assert asked(lines=False).get("/").headers["x-request-id"]
    assert records == []


def test_what_is_not_http_passes_untouched():
    seen = []

    async def app(scope, receive, send):
        seen.append(scope)

    asyncio.run(RequestLog(app, meter=Meter(), lines=True)({"type": "lifespan"}, None, None))
    assert seen == [{"type": "lifespan"}]
