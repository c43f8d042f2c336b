"""Alerts and dashboard, in the hands of a real Prometheus that asks a real server."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.builders import eventually, image_rows, write_csv
from tests.viewer.server import Server

FOLDER = Path(__file__).parents[2] / "deploy" / "monitoring"
OF_GRAFANA = {"$instance": ".*", "$__rate_interval": "1m"}
"""What Grafana puts in for its variables."""


def tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        missing = f"{name} is not installed: apt-get install prometheus"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return found


@pytest.mark.parametrize(
    "check", ["check config prometheus.yml", "check rules alerts.yml", "test rules alerts.test.yml"]
)
def test_the_alerts_are_sound_and_fire_for_what_they_are_meant_for(check):
    done = subprocess.run([tool("promtool"), *check.split()], cwd=FOLDER, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Server]:
    started = Server(tmp_path_factory.mktemp("server"), pipeline_autostart="true").start()
    write_csv(started.data / "x.csv", *image_rows(300, seed=1))
    eventually(lambda: started.get("/images")["total"] == 1, "the file is stored")
    for path in ("/frames/image?image_id=1", "/frames/image?image_id=1", "/frames?image_id=1", "/images/9"):
        httpx2.get(started.url + path)
    yield started
    started.stop()


@pytest.fixture(scope="module")
def prometheus(server, tmp_path_factory) -> Iterator[httpx2.Client]:
    """One that asks the server each second, and has asked often enough to know rates."""
    folder = tmp_path_factory.mktemp("prometheus")
    written = (FOLDER / "prometheus.yml").read_text()
    config = written.replace("localhost:8000", server.url.removeprefix("http://")).replace("15s", "1s")
    assert config.count(": 1s") == 2
    (folder / "prometheus.yml").write_text(config)
    shutil.copy(FOLDER / "alerts.yml", folder)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    command = [
        tool("prometheus"),
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/data",
    ]
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen([*command, f"--web.listen-address={address}"], stdout=log, stderr=log) as process,
        httpx2.Client(base_url=f"http://{address}") as client,
    ):

        def knows_rates() -> bool:
            try:
                return bool(results(client, "rate(borehole_http_requests_total[1m])"))
            except (httpx2.TransportError, ValueError):  # not up yet, or not ready
                return False

        try:
            eventually(knows_rates, f"Prometheus has asked twice: {folder / 'log'}", seconds=60)
            yield client
        finally:
            process.terminate()


def results(client: httpx2.Client, expression: str) -> list[object]:
    answer = client.get("/api/v1/query", params={"query": expression}).json()
    assert answer["status"] == "success", f"{expression}: {answer}"
    found: list[object] = answer["data"]["result"]
    return found


def panels() -> dict[str, list[str]]:
    dashboard = json.loads((FOLDER / "grafana-dashboard.json").read_text())
    return {panel["title"]: [target["expr"] for target in panel["targets"]] for panel in dashboard["panels"]}


@pytest.mark.parametrize("title", panels())
def test_every_panel_of_the_dashboard_has_something_to_show(prometheus, title):
    for expression in panels()[title]:
        for variable, value in OF_GRAFANA.items():
            expression = expression.replace(variable, value)
        assert results(prometheus, expression), expression


def test_a_healthy_server_alerts_nobody(prometheus):
    groups = prometheus.get("/api/v1/rules").json()["data"]["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert rules
    assert [rule["name"] for rule in rules if rule["health"] == "err"] == []
    low = {"BoreholeDiskNearlyFull"}  # of this machine, not of the server
    assert [rule["name"] for rule in rules if rule["state"] == "firing" and rule["name"] not in low] == []
