"""Servers of other kinds than the library."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from tests.builders import eventually, settings_in
from tests.conftest import Library

Opened = Callable[..., TestClient]


@pytest.fixture
def idle_server(tmp_path: Path) -> Iterator[Opened]:
    """Makes a server without images, its pipeline off, from changes to the settings."""
    with ExitStack() as stack:

        def opened(base_url: str = "http://localhost", **changes: Any) -> TestClient:
            settings = settings_in(tmp_path, **{"pipeline_autostart": False, **changes})
            return stack.enter_context(TestClient(create_app(settings), base_url=base_url))

        yield opened


@pytest.fixture
def address(settings: Settings) -> Iterator[str]:
    """A server on a port of its own: only one that really sends can be listened to."""
    config = uvicorn.Config(create_app(settings), port=0, log_config=None, access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    eventually(lambda: server.started, "the server is up")
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def blunt(library: Library) -> TestClient:
    """The library's server, asked by a client that sees a 500 as others do: as an answer."""
    return TestClient(library.client.app, base_url="http://localhost", raise_server_exceptions=False)


@pytest.fixture
def settings_of_library(library: Library, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Changes settings of the library's server for one test."""
    services = library.client.app.state.services

    def change(**changes: Any) -> None:
        settings = services.settings.model_copy(update=changes)
        monkeypatch.setitem(library.client.app.state._state, "services", replace(services, settings=settings))

    return change


@contextmanager
def records_of(name: str) -> Iterator[list[logging.LogRecord]]:
    """What the logger `name` logs meanwhile, from INFO upwards."""
    kept: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = kept.append
    logger = logging.getLogger(name)
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield kept
    logger.setLevel(level)
    logger.removeHandler(handler)
