"""Requests that are no proper HTTP, or proper and meant badly, on a real socket."""

from __future__ import annotations

import httpx2
import pytest

from tests.security.conftest import log_of, status

HEAD = b"Host: localhost\r\nConnection: close\r\n"


@pytest.mark.parametrize(
    "headers",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b"Content-Length: 0\r\nContent-Length: 30\r\n",
        b"Content-Length: +5\r\n",
    ],
)
def test_no_second_request_is_smuggled_in_a_body(send, headers):
    request = (
        b"POST /pipeline/scan HTTP/1.1\r\n" + HEAD + headers + b"\r\n0\r\n\r\nGET /images HTTP/1.1\r\n\r\n"
    )
    answer = send(request)
    assert status(answer) == 400
    assert answer.count(b"HTTP/1.1 ") == 1


def test_no_header_makes_one_method_another(send):
    for name in (b"X-HTTP-Method-Override", b"X-HTTP-Method", b"X-Method-Override"):
        answer = send(b"POST /images/1 HTTP/1.1\r\n" + HEAD + name + b": DELETE\r\nContent-Length: 0\r\n\r\n")
        assert status(answer) == 405
    assert status(send(b"GET /images/1 HTTP/1.1\r\n" + HEAD + b"\r\n")) == 200


@pytest.mark.parametrize("given", [b"a\x0d\x0aSet-Cookie: stolen=1", b"a b", b"a\x00", b"x" * 100])
def test_a_request_id_puts_nothing_into_our_headers(send, given):
    answer = send(b"GET /health/live HTTP/1.1\r\n" + HEAD + b"X-Request-Id: " + given + b"\r\n\r\n")
    head = answer.partition(b"\r\n\r\n")[0].lower()
    assert b"set-cookie" not in head
    assert b"x" * 100 not in head


@pytest.mark.parametrize(
    "name", ["a%0d%0aX-Evil:%201.csv", "%1b[31mred.csv", "a%00.csv", ".csv", "..%2f.csv"]
)
def test_a_name_that_is_none_is_refused(server, name):
    answer = httpx2.post(f"{server.url}/images?name={name}", content=b"x")
    assert (answer.status_code, answer.json()["code"]) == (422, "upload_malformed")
    assert "x-evil" not in answer.headers


def test_nothing_sent_starts_a_line_of_the_log_or_paints_the_terminal(send, server):
    send(b"GET /x%0a2026-01-01%20forged%1b[2J?y=%0d HTTP/1.1\r\n" + HEAD + b"\r\n")
    log = log_of(server)
    assert "forged" in log
    assert "\x1b" not in log
    assert not [line for line in log.splitlines() if line.startswith("2026-01-01")]


@pytest.mark.parametrize("at_once", [20_000, 300_000])
def test_a_head_is_short_however_it_is_sent(send, at_once):
    for filling in (b"X-Long: " + b"y" * at_once, b"a:\r\n" * (at_once // 4) + b"b:"):
        answer = send(b"GET /health/live HTTP/1.1\r\n" + HEAD + filling + b"\r\n\r\n")
        assert not answer or status(answer) == 431
    answer = send(b"GET /?" + b"y" * at_once + b" HTTP/1.1\r\n" + HEAD + b"\r\n")
    assert not answer or status(answer) == 431


@pytest.mark.parametrize(
    "request_head",
    [
        b'GET /images HTTP/1.1\r\nCookie: borehole_session="' + b'\\"' * 7_800,  # Python's parser: a second
        b"POST /session HTTP/1.1\r\nContent-Length: 0\r\nCookie: borehole_session=x" + b"; a=b" * 3_000,
        b"GET /frames?image_id=1 HTTP/1.1\r\nAccept: " + b"," * 15_500,
        b"GET /images?" + b"a&" * 7_800 + b" HTTP/1.1\r\nX: y",
        b"GET /viewer/main.js HTTP/1.1\r\nRange: bytes=" + b"0-1," * 3_800 + b"2-3",
    ],
    ids=["quoted cookie", "many cookies", "accept", "parameters", "ranges"],
)
def test_no_head_takes_long_to_understand(server, send, request_head):
    before = server.cpu_seconds
    answer = send(request_head + b"\r\n" + HEAD + b"\r\n")
    assert status(answer) != 431, "it is within the limit, or this tests nothing"
    assert server.cpu_seconds - before < 0.3


@pytest.mark.parametrize("depth", [500, 940, 100_000])
def test_no_body_is_too_deep_to_be_refused(server, depth):
    body = '{"name":' + "[" * depth + "]" * depth + "}"
    for path in ("/images/1/picks",):
        answer = httpx2.post(
            f"{server.url}{path}", content=body, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code in (400, 422), answer.text


def test_a_compressed_body_is_not_unpacked(server):
    import gzip

    bomb = gzip.compress(b" " * 10_000_000)
    answer = httpx2.post(
        f"{server.url}/images/1/picks",
        content=bomb,
        headers={"Content-Type": "application/json", "Content-Encoding": "gzip"},
    )
    assert answer.status_code in (400, 422)
    refused = httpx2.post(f"{server.url}/images/1/picks", content=b"x" * 300_000)
    assert refused.status_code == 413


def test_an_upgrade_is_not_made(send):
    answer = send(
        b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    assert status(answer) == 200


def test_strange_methods_make_no_figures_of_their_own(send, server):
    for method in (b"PROPFIND", b"MKCOL", b"SOURCE", b"TRACE", b"LOCK"):
        assert status(send(method + b" /images HTTP/1.1\r\n" + HEAD + b"\r\n")) == 405
    assert status(send(b"FOO /images HTTP/1.1\r\n" + HEAD + b"\r\n")) == 400
    figures = httpx2.get(f"{server.url}/metrics").text
    assert 'method="other"' in figures
    assert "PROPFIND" not in figures


@pytest.mark.parametrize(
    "path", ["/viewer/..%2f..%2fkeys.py", "/viewer/%2e%2e/main.py", "/viewer//etc/passwd"]
)
def test_no_path_leads_out_of_the_pages_folder(send, path):
    assert status(send(b"GET " + path.encode() + b" HTTP/1.1\r\n" + HEAD + b"\r\n")) == 404


def test_every_answer_is_of_the_type_it_says_and_for_our_own_pages(server):
    for path in (
        "/",
        "/images",
        "/frames/image?image_id=1",
        "/nothing",
        "/docs",
        "/viewer/main.js",
        "/metrics",
    ):
        headers = httpx2.get(server.url + path).headers
        assert headers.get_list("x-content-type-options") == ["nosniff"], path
        assert headers.get_list("cross-origin-resource-policy") == ["same-origin"], path
        assert "server" not in headers
        is_page = headers["content-type"].startswith("text/html")
        assert (
            headers.get("cross-origin-opener-policy") == ("same-origin" if is_page else None)
            or "viewer" in path
        )
