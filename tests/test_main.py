"""The application as a whole, and `python -m app`."""

from __future__ import annotations

import logging
import os
import runpy
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
import uvicorn
from fastapi.testclient import TestClient

from app.errors import CatalogUnavailable
from app.main import create_app
from app.settings import Settings
from app.storage.catalog.events import Events
from tests.builders import eventually, settings_in


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "pipeline-host"]


def test_start_makes_the_folders_and_the_pipeline_and_stop_ends_it(tmp_path):
    before = len(threads())
    settings = settings_in(tmp_path)
    with TestClient(create_app(settings), base_url="http://localhost") as client:
        assert len(threads()) == before + 1
        eventually(lambda: client.get("/pipeline/status").json()["running"], "the pipeline runs")
        for folder in (settings.data_dir / "processed", settings.data_dir / "failed", settings.db_dir):
            assert folder.is_dir()
        assert (settings.log_dir / "borehole.log").is_file()
    assert len(threads()) == before


def test_a_store_on_a_network_disk_is_refused_at_start_with_the_reason(tmp_path, monkeypatch):
    monkeypatch.setattr("app.storage.local_disk.file_system_of", lambda folder, mounts: "nfs4")
    with (
        pytest.raises(RuntimeError, match="network file system"),
        TestClient(create_app(settings_in(tmp_path))),
    ):
        pass
    assert not (tmp_path / "db").exists(), "nothing was begun there"


def test_a_start_that_fails_leaves_nothing_running(tmp_path, monkeypatch):
    def failing(*_: object) -> None:
        raise CatalogUnavailable("the catalog does not answer")

    closed: list[bool] = []
    monkeypatch.setattr(Events, "latest", failing)
    monkeypatch.setattr("app.api.services.Services.close", lambda self: closed.append(True))
    before = len(threads())
    with pytest.raises(CatalogUnavailable), TestClient(create_app(settings_in(tmp_path))):
        pass
    assert len(threads()) == before
    assert closed == [True]


def test_what_was_stored_is_there_after_a_restart(tmp_path, library):
    settings = library.place.settings
    with TestClient(create_app(settings), base_url="http://localhost") as client:
        window = {"image_id": 1, "depth_min": 9201.9, "depth_max": 9210.3}
        first, second = (each.get("/frames/image", params=window) for each in (library.client, client))
        assert first.content == second.content
        assert first.headers["etag"] == second.headers["etag"], "what browsers keep stays right"


def test_a_server_told_to_stop_ends_its_event_streams_in_order(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    variables = {f"{name}_DIR": tmp_path / name.lower() for name in ("DATA", "DB", "LOG")}
    variables |= {"PORT": port, "PIPELINE_AUTOSTART": "false"}
    environment = os.environ | {f"BOREHOLE_{name}": str(value) for name, value in variables.items()}
    with (
        (tmp_path / "told").open("w") as told,
        subprocess.Popen([sys.executable, "-m", "app"], env=environment, stdout=told, stderr=told) as server,
    ):
        eventually(lambda: answers(port), "it serves", seconds=40)
        with httpx2.stream("GET", f"http://127.0.0.1:{port}/pipeline/events", timeout=20) as stream:
            lines = stream.iter_lines()
            next(lines)
            server.send_signal(signal.SIGTERM)
            for _ in lines:
                pass
        assert server.wait(20) in (0, -signal.SIGTERM)
    words = (tmp_path / "told").read_text()
    assert "without completing" not in words and "Traceback" not in words and "ERROR" not in words


def answers(port: int) -> bool:
    try:
        return httpx2.get(f"http://127.0.0.1:{port}/health/live").status_code == 200
    except httpx2.ConnectError:
        return False


def test_settings_come_from_the_environment_where_none_are_given(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BOREHOLE_DATA_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("BOREHOLE_PIPELINE_AUTOSTART", "false")
    with TestClient(create_app(), base_url="http://localhost") as client:
        assert client.get("/pipeline/status").json()["data_dir"] == str(tmp_path / "elsewhere")


def test_the_access_log_can_be_switched_off(tmp_path):
    settings = settings_in(tmp_path, access_log=False, pipeline_autostart=False)
    with TestClient(create_app(settings), base_url="http://localhost") as client:
        assert client.get("/health/live").headers["x-request-id"]
        logging.getLogger("borehole").warning("something else")
    told = (settings.log_dir / "borehole.log").read_text()
    assert "something else" in told
    assert "/health/live" not in told


@pytest.fixture
def run(tmp_path, monkeypatch):
    """`python -m app` in an empty folder with these BOREHOLE_* variables; what uvicorn is told to serve."""
    served: dict[str, Any] = {}
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(uvicorn, "run", lambda app, **options: served.update(options, app=app))

    def main(**variables: str) -> dict[str, Any]:
        for name, value in variables.items():
            monkeypatch.setenv(f"BOREHOLE_{name}", value)
        runpy.run_module("app", run_name="__main__")
        return served

    return main


@pytest.fixture
def taken() -> Iterator[int]:
    """A port of 127.0.0.1 that somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_python_m_app_serves_as_the_settings_say(run, capsys):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    served = run(HOST="127.0.0.1", PORT=str(port), WORKERS="2")
    assert (served["app"], served["factory"]) == ("app.main:create_app", True)
    assert (served["host"], served["port"], served["workers"]) == ("127.0.0.1", port, 2)
    assert served["access_log"] is False, "requests are logged by us"
    assert served["log_config"] is None
    told = capsys.readouterr().out
    assert f"http://127.0.0.1:{port}/docs" in told
    assert str(Settings().data_dir) in told
    assert "changes" not in told


@pytest.mark.parametrize(
    ("variables", "told"),
    [({}, True), ({"API_KEY": "key"}, False), ({"ALLOW_ANONYMOUS_WRITES": "true"}, False)],
)
def test_a_server_on_the_network_is_told_where_to_look_and_that_it_refuses_changes(
    run, capsys, variables, told
):
    run(HOST="0.0.0.0", PORT="0", **variables)
    out = capsys.readouterr().out
    assert "http://127.0.0.1:" in out
    assert ("BOREHOLE_API_KEY" in out) is told


def test_a_port_that_is_taken_is_told_before_anything_else(run, taken, capsys):
    with pytest.raises(SystemExit) as ended:
        run(PORT=str(taken))
    assert ended.value.code == 2
    assert capsys.readouterr() == ("", f"port {taken} is taken: set BOREHOLE_PORT\n")
