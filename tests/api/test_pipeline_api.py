from __future__ import annotations

import time

import pytest
from fastapi.testclient import TestClient

from app.api import pipeline as pipeline_module
from app.main import create_app
from app.pipeline import watching
from app.pipeline.workers import WorkerPool
from tests.builders import eventually, settings_in, tiny_csv
from tests.pipeline.test_watching import DeafObserver


@pytest.fixture(autouse=True)
def no_workers(monkeypatch):
    """Nothing here reads a file; starting workers takes a second."""
    monkeypatch.setattr(WorkerPool, "start", lambda self: None)


def status(client: TestClient) -> dict:
    return client.get("/pipeline/status").json()


def test_the_pipeline_is_on_by_itself_and_says_how_it_watches(client, settings):
    view = eventually(lambda: (now := status(client))["running"] and now, "it runs")
    assert view["watcher"] == {"mode": "native", "reason": None}
    assert (view["waiting"], view["queued"], view["active"], view["unsettled"]) == (0, 0, [], 0)
    assert view["trouble"] is None and view["host"]
    assert view["workers"] == {"count": settings.ingest_workers, "scheduler": None}
    assert view["data_dir"] == str(settings.data_dir)
    assert set(view["jobs"].values()) == {0}


def test_where_events_do_not_arrive_it_says_that_it_polls_and_why(client_of_deaf):
    view = eventually(lambda: (now := status(client_of_deaf))["running"] and now, "it runs")
    assert view["watcher"] == {"mode": "polling", "reason": "no event arrived within 0.01 s of a change"}


@pytest.fixture
def client_of_deaf(settings, monkeypatch):
    monkeypatch.setattr(watching, "Observer", DeafObserver)
    monkeypatch.setattr(watching, "PROBE_SECONDS", 0.01)
    with TestClient(create_app(settings), base_url="http://localhost") as client:
        yield client


def test_start_stop_and_scan_may_be_said_again_and_again(client):
    eventually(lambda: status(client)["running"], "it runs")
    for word, running in (
        ("stop", False),
        ("stop", False),
        ("scan", False),
        ("start", True),
        ("start", True),
    ):
        answer = client.post(f"/pipeline/{word}")
        assert (answer.status_code, answer.json()["running"]) == (200, running), word
        assert (answer.json()["watcher"]["mode"] == "off") is not running


def test_a_file_that_is_still_written_is_waited_for_and_then_queued(client, settings):
    eventually(lambda: status(client)["running"], "it runs")
    path = settings.data_dir / "x.csv"
    with path.open("w") as file:
        file.write("depth")
        file.flush()
        eventually(lambda: status(client)["waiting"] == 1, "it is seen")
        assert client.post("/pipeline/scan").json()["waiting"] == 1
        assert status(client)["queued"] == 0
    eventually(lambda: status(client)["queued"] == 1, "it is queued")


def test_a_scan_finds_a_file_at_once_where_nothing_tells_of_it(client_of_deaf, settings, monkeypatch):
    monkeypatch.setattr("app.pipeline.arrivals.POLL_SECONDS", 3600.0)
    eventually(lambda: status(client_of_deaf)["running"], "it runs")
    tiny_csv(settings.data_dir / "x.csv")
    client_of_deaf.post("/pipeline/scan")
    eventually(lambda: status(client_of_deaf)["queued"] == 1, "it is queued")


def test_what_is_under_way_is_listed(client, place):
    client.post("/pipeline/stop")
    running = place.jobs.add_leased(
        "x.csv", 7, time.time(), claim=None, path="x.csv", owner="other", seconds=60.0
    )
    place.jobs.progress(running[1], time.time(), 10, 40)
    waiting = place.jobs.add_leased(
        "y.csv", 7, time.time(), claim=None, path="y.csv", owner="other", seconds=60.0
    )
    place.jobs.retry_later(waiting[1], time.time() + 300.0, "storage_unavailable", "no space left")
    view = status(client)
    assert [(job["name"], job["rows_done"], job["rows_total"]) for job in view["active"]] == [
        ("x.csv", 10, 40)
    ]
    assert view["queued"] == 1
    assert (view["jobs"]["running"], view["jobs"]["retrying"]) == (1, 1)


def test_a_word_to_a_host_that_does_not_answer_is_not_waited_on_for_ever(client, monkeypatch):
    eventually(lambda: status(client)["running"], "it runs")
    monkeypatch.setattr(pipeline_module, "CONFIRM_SECONDS", 0.05)
    monkeypatch.setattr("app.pipeline.hosting.Hosting._tick", lambda self: None)
    assert client.post("/pipeline/stop").json()["running"] is True


def test_a_host_that_was_not_heard_of_for_long_is_not_taken_for_alive(client, place, monkeypatch):
    eventually(lambda: status(client)["running"], "it runs")
    monkeypatch.setattr("app.pipeline.hosting.Hosting._tick", lambda self: None)
    eventually(lambda: not place.board.update(seen_at=time.time() - 20.0).seen_at > time.time() - 15.0, "old")
    view = status(client)
    assert (view["running"], view["host"], view["watcher"]["mode"]) == (False, None, "off")
    started = time.monotonic()
    assert client.post("/pipeline/stop").status_code == 200
    assert time.monotonic() - started < pipeline_module.CONFIRM_SECONDS


def test_the_words_need_the_key_where_there_is_one(tmp_path):
    settings = settings_in(tmp_path, pipeline_autostart=False, api_key="secret")
    with TestClient(create_app(settings), base_url="http://localhost") as client:
        for word in ("start", "stop", "scan"):
            assert client.post(f"/pipeline/{word}").status_code == 401
            assert client.post(f"/pipeline/{word}", headers={"X-API-Key": "secret"}).status_code == 200
        assert client.get("/pipeline/status").status_code == 200
