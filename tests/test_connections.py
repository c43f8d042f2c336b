"""Clients that begin something and go no further, on a real socket."""

from __future__ import annotations

import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import uvicorn
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from app.connections import GuardedProtocol, allow_many_connections
from tests.builders import eventually

LARGE = b"x" * 50_000_000


class Impatient(GuardedProtocol):
    head_seconds = 0.3
    body_seconds = 0.3


class App:
    def __init__(self) -> None:
        self.seen: list[str] = []

    async def __call__(self, scope, receive, send) -> None:
        try:
            body = await Request(scope, receive).body()
        except ClientDisconnect:
            self.seen.append("gone")
            return
        answer = Response(LARGE) if scope["path"] == "/large" else PlainTextResponse(f"{len(body)} bytes")
        await answer(scope, receive, send)
        self.seen.append("answered")


@pytest.fixture
def app() -> App:
    return App()


@pytest.fixture
def connect(app) -> Iterator[Callable[[], socket.socket]]:
    config = uvicorn.Config(app, port=0, http=Impatient, log_config=None, access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    eventually(lambda: server.started, "the server is up")
    address = server.servers[0].sockets[0].getsockname()
    opened: list[socket.socket] = []

    def connected() -> socket.socket:
        opened.append(socket.create_connection(address, timeout=10))
        return opened[-1]

    yield connected
    for each in opened:
        each.close()
    server.should_exit = True
    thread.join()


def closed(client: socket.socket) -> bool:
    """Waits until the server has ended the connection, without an answer."""
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True


@pytest.mark.parametrize("begun", [b"", b"GET / HTT", b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: "])
def test_a_head_that_never_comes_is_not_waited_for(connect, begun):
    client = connect()
    client.sendall(begun)
    assert closed(client)


def test_dribbling_does_not_buy_time(connect):
    client = connect()
    client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n")
    client.settimeout(0.02)
    sent = 0
    with pytest.raises(OSError, match=r"reset|Broken pipe"):
        while sent < 1000:
            client.sendall(b"X: y\r\n")
            sent += 1
            try:
                if client.recv(1) == b"":
                    raise BrokenPipeError("Broken pipe")
            except TimeoutError:
                continue
    assert sent < 100


def test_a_body_that_breaks_off_is_a_client_gone(connect, app):
    client = connect()
    client.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nonly this")
    assert closed(client)
    eventually(lambda: app.seen == ["gone"], "the application is told")


def test_an_answer_that_nobody_takes_is_dropped(connect, app):
    client = connect()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.sendall(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
    eventually(lambda: app.seen == ["answered"], "the application need not wait for ever to be rid of it")


def test_a_head_may_not_grow_without_end(connect):
    client = connect()
    client.sendall(b"GET / HTTP/1.1\r\nX-Long: " + b"y" * 70_000)
    assert client.recv(100).startswith(b"HTTP/1.1 431 ")


def test_whoever_keeps_at_it_is_served_and_may_ask_again(connect):
    client = connect()
    for _ in range(3):
        client.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n")
        for piece in (b"on", b"e ", b"by"):
            client.sendall(piece)
        answer = b""
        while not answer.endswith(b"6 bytes"):
            answer += client.recv(1000)
        assert answer.startswith(b"HTTP/1.1 200 ")


def test_a_server_may_have_many_connections(monkeypatch):
    limits = []
    monkeypatch.setattr(resource, "getrlimit", lambda which: (1024, 4096))
    monkeypatch.setattr(resource, "setrlimit", lambda which, pair: limits.append(pair))
    allow_many_connections()
    monkeypatch.setattr(resource, "getrlimit", lambda which: (1024, resource.RLIM_INFINITY))
    allow_many_connections()
    monkeypatch.setattr(resource, "getrlimit", lambda which: (4096, 4096))
    allow_many_connections()
    assert limits == [(4096, 4096), (65_536, resource.RLIM_INFINITY)]


def test_a_body_that_dribbles_is_given_up_too(connect, app):
    client = connect()
    client.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n")
    client.settimeout(0.02)
    sent = 0
    with pytest.raises(OSError, match=r"reset|Broken pipe"):
        while sent < 1000:
            client.sendall(b"x")
            sent += 1
            try:
                if client.recv(1) == b"":
                    raise BrokenPipeError("Broken pipe")
            except TimeoutError:
                continue
    assert sent < 100
    eventually(lambda: app.seen == ["gone"], "the application is told")


def test_whoever_takes_a_long_answer_bit_by_bit_gets_all_of_it(connect):
    client = connect()
    client.sendall(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
    taken, began = 0, time.monotonic()
    while taken < len(LARGE):
        taken += len(client.recv(2**20))
        if time.monotonic() - began < 1:  # for longer than a client that takes nothing is waited for
            threading.Event().wait(0.05)
    assert taken >= len(LARGE)
