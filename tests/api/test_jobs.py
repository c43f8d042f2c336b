from __future__ import annotations

import time
from urllib.parse import parse_qsl, urlsplit

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.pipeline.claiming import take
from app.storage.catalog.tables import JobState
from tests.builders import ingest, settings_in, tiny_csv


@pytest.fixture
def settings(tmp_path):
    return settings_in(tmp_path, pipeline_autostart=False)


def add(place, name: str, at: float) -> int:
    return place.jobs.add(name, 1, at, claim=None, path=None)


def names(answer) -> list[str]:
    return [job["name"] for job in answer.json()["jobs"]]


@pytest.fixture
def history(client, place):
    """Five jobs at 1000, 1001 …: a_0.csv, B_1.csv, a_2.csv …"""
    for number in range(5):
        add(place, f"{'Ba'[number % 2 == 0]}_{number}.csv", 1000.0 + number)
    return client


def test_a_job_says_what_became_of_its_file(client, place):
    job = ingest(place, tiny_csv(place.folders.data / "x.csv", rows=5))
    view = client.get(f"/pipeline/jobs/{job.id}").json()
    assert (view["state"], view["image_id"], view["image_ids"]) == ("stored", 1, [1])
    assert (view["file"], view["rows_done"], view["rows_total"], view["attempts"]) == (
        "processed/x.csv",
        5,
        5,
        1,
    )
    assert view["created_at"] <= view["started_at"] <= view["finished_at"]
    assert view["rows_per_second"] > 0
    assert view["next_try_at"] is view["reason"] is view["message"] is None


def test_a_failed_job_names_the_row_and_the_column(client, place):
    file = tiny_csv(place.folders.data / "x.csv")
    with file.open("a") as opened:
        opened.write("1.9,x" + ",1" * 199)
    job = ingest(place, file)
    view = client.get(f"/pipeline/jobs/{job.id}").json()
    assert (view["state"], view["reason"], view["row"], view["column"], view["value"]) == (
        "failed",
        "not_a_number",
        5,
        "col1",
        "x",
    )
    assert view["image_id"] is None and view["image_ids"] == []


def test_the_speed_of_a_running_job_is_told(client, place):
    tiny_csv(place.folders.data / "x.csv")
    job, lease = take(place, "x.csv", "test", 60.0)
    assert client.get(f"/pipeline/jobs/{job.id}").json()["rows_per_second"] is None
    place.jobs.progress(lease, time.time(), 1000, 4000)
    view = client.get(f"/pipeline/jobs/{job.id}").json()
    assert (view["rows_done"], view["rows_total"]) == (1000, 4000)
    assert view["rows_per_second"] > 0


@pytest.mark.parametrize("job_id", [0, -1, 99, 2**63, 2**70])
def test_an_unknown_job_is_not_found(client, job_id):
    for answer in (client.get(f"/pipeline/jobs/{job_id}"), client.post(f"/pipeline/jobs/{job_id}/retry")):
        assert (answer.status_code, answer.json()["code"]) == (404, "job_not_found")


def test_history_is_newest_first_and_paged_to_its_end(history):
    seen, url = [], "/pipeline/history?limit=2"
    while url:
        answer = history.get(url)
        assert answer.json()["total"] == 5
        seen += names(answer)
        url = answer.json()["next"]
    assert seen == ["a_4.csv", "B_3.csv", "a_2.csv", "B_1.csv", "a_0.csv"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"name": "b_"}, ["B_3.csv", "B_1.csv"]),
        ({"name": "%"}, []),
        ({"name": "_4"}, ["a_4.csv"]),
        ({"since": "1970-01-01T00:16:43Z"}, ["a_4.csv", "B_3.csv"]),
        ({"since": "1970-01-01T02:16:43+02:00"}, ["a_4.csv", "B_3.csv"]),
        ({"since": "1970-01-01T00:16:43"}, ["a_4.csv", "B_3.csv"]),
        ({"until": "1970-01-01T00:16:41Z"}, ["B_1.csv", "a_0.csv"]),
        ({"since": "1970-01-01T00:16:41Z", "until": "1970-01-01T00:16:42Z"}, ["a_2.csv", "B_1.csv"]),
        ({"state": "running"}, ["a_0.csv"]),
        ({"state": "queued", "name": "a"}, ["a_4.csv", "a_2.csv"]),
        ({"since": "0001-01-01T00:00:00+14:00"}, ["a_4.csv", "B_3.csv", "a_2.csv", "B_1.csv", "a_0.csv"]),
    ],
)
def test_history_can_be_filtered(history, place, query, found):
    place.jobs.lease_next("test", 60.0, time.time())
    answer = history.get("/pipeline/history", params=query)
    assert answer.status_code == 200, answer.text
    assert names(answer) == found
    assert answer.json()["total"] == len(found)


def test_the_next_page_keeps_the_filter(history):
    asked = {"limit": 1, "name": "a_", "state": "queued", "since": "1970-01-01T02:16:40+02:00"}
    first = history.get("/pipeline/history", params=asked).json()
    following = dict(parse_qsl(urlsplit(first["next"]).query))
    assert (following["name"], following["state"], following["limit"]) == ("a_", "queued", "1")
    assert names(history.get(first["next"])) == ["a_2.csv"]


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0},
        {"limit": 1001},
        {"before": 0},
        {"state": "lost"},
        {"since": "yesterday"},
        {"name": "x" * 256},
    ],
)
def test_a_malformed_filter_is_told(history, query):
    answer = history.get("/pipeline/history", params=query)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_parameter")


def test_a_failed_file_is_tried_again_when_asked(client, place):
    (place.folders.data / "x.csv").write_text("nothing")
    job = ingest(place, place.folders.data / "x.csv")
    answer = client.post(f"/pipeline/jobs/{job.id}/retry")
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/pipeline/jobs/{job.id}"
    assert (answer.json()["state"], answer.json()["attempts"], answer.json()["file"]) == ("queued", 0, None)
    assert list(place.folders.failed.iterdir()) == []


def test_a_waiting_job_says_when_it_is_tried_again_and_need_not_wait(client, place):
    tiny_csv(place.folders.data / "x.csv")
    job, lease = take(place, "x.csv", "test", 60.0)
    place.jobs.retry_later(lease, time.time() + 300.0, "storage_unavailable", "no space left")
    view = client.get(f"/pipeline/jobs/{job.id}").json()
    assert (view["state"], view["reason"], view["message"]) == (
        "retrying",
        "storage_unavailable",
        "no space left",
    )
    assert view["next_try_at"] > view["created_at"]
    answer = client.post(f"/pipeline/jobs/{job.id}/retry").json()
    assert (answer["state"], answer["reason"], answer["next_try_at"]) == ("queued", None, None)


def test_a_stored_file_is_not_tried_again(client, place):
    job = ingest(place, tiny_csv(place.folders.data / "x.csv"))
    answer = client.post(f"/pipeline/jobs/{job.id}/retry")
    assert (answer.status_code, answer.json()["code"], answer.json()["state"]) == (
        409,
        "nothing_to_retry",
        JobState.STORED,
    )


def test_a_retry_needs_the_key_where_there_is_one(tmp_path):
    settings = settings_in(tmp_path, pipeline_autostart=False, api_key="secret")
    with TestClient(create_app(settings), base_url="http://localhost") as client:
        assert client.post("/pipeline/jobs/1/retry").status_code == 401
        answer = client.post("/pipeline/jobs/1/retry", headers={"X-API-Key": "secret"})
        assert answer.status_code == 404
