"""A browser, and servers for it to look at."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from app.pipeline.workplace import Workplace
from tests.builders import image_rows, ingest, settings_in, write_csv
from tests.viewer.server import Server
from tests.viewer.viewer import Viewer

BROWSERS = ("chromium", "google-chrome", "google-chrome-stable", "chromium-browser")
CONTEXT: dict[str, Any] = {
    "viewport": {"width": 1280, "height": 720},
    "permissions": ["clipboard-read", "clipboard-write"],
}
HOSTILE_NAME = '<img src=x onerror="alert(1)">.csv'
ROWS = 5460
GAP_AFTER, GAP = 800, 25.0


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    executable = next(filter(None, map(shutil.which, BROWSERS)), None)
    if executable is None:
        missing = f"none of {', '.join(BROWSERS)} is installed: apt-get install chromium"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def wells(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for tests that only look: image 1 is `challenge.csv`, 2 has a gap in depth and nulls, 3 a bad name.

    1: 5,460 rows of 9000.1 to 9546.0. 2: 1,500 rows, 25 m missing after row 800.
    """
    folder = tmp_path_factory.mktemp("wells")
    place = Workplace.open(settings_in(folder, pipeline_autostart=False))
    _, pixels = image_rows(ROWS, seed=1, pad_gaps=False)
    depths = np.round(9000.1 + 0.1 * np.arange(ROWS), 1)
    ingest(place, write_csv(folder / "challenge.csv", depths, pixels.round()))
    depths, pixels = image_rows(1500, seed=2, pad_gaps=True)
    depths[GAP_AFTER:] += GAP
    ingest(place, write_csv(folder / "gappy.csv", depths, pixels.round(1)))
    ingest(place, write_csv(folder / HOSTILE_NAME, *image_rows(300, seed=3)))
    place.catalog.close()
    server = Server(folder, pipeline_autostart="false").start()
    yield server
    server.stop()


@pytest.fixture(scope="package")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for tests that change something: its pipeline is on. Image 1 is `well.csv`, 1500 to 1502.5."""
    folder = tmp_path_factory.mktemp("workshop")
    place = Workplace.open(settings_in(folder))
    ingest(place, write_csv(folder / "well.csv", *image_rows(1000)))
    place.catalog.close()
    server = Server(folder).start()
    yield server
    server.stop()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """`serve(**settings)` starts a server of the test's own, with nothing in it."""
    servers: list[Server] = []

    def start(**settings: object) -> Server:
        servers.append(Server(tmp_path, **settings))
        return servers[-1].start()

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def new_viewer(browser: Browser) -> Iterator[Callable[..., Viewer]]:
    """`new_viewer(**context options)`: a fresh browser's page. In the end none may have complained."""
    viewers: list[Viewer] = []

    def make(**options: Any) -> Viewer:
        viewers.append(Viewer(browser.new_context(**CONTEXT, **options).new_page()))
        return viewers[-1]

    yield make
    for viewer in viewers:
        viewer.page.context.close()
        viewer.must_be_content()


@pytest.fixture(scope="package")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """Of one person who opens page after page: what they loaded before is in their cache."""
    context = browser.new_context(**CONTEXT)
    yield context
    context.close()


@pytest.fixture
def viewer(context: BrowserContext) -> Iterator[Viewer]:
    viewer = Viewer(context.new_page())
    yield viewer
    viewer.page.close()
    viewer.must_be_content()
