"""The arrays' S3 server is stopped under a running server, and returns."""

from __future__ import annotations

import httpx2
import pytest

from tests.builders import eventually, tiny_csv
from tests.s3_server import S3Server
from tests.viewer.server import Server


@pytest.fixture
def s3(tmp_path):
    server = S3Server(tmp_path / "objects")
    try:
        server.start().bucket("wells")
        yield server
    finally:
        server.stop()


@pytest.fixture
def server(tmp_path, s3, monkeypatch):
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    started = Server(
        tmp_path, storage_uri="s3://wells/field", cache_bytes=0, answer_cache_bytes=0, storage_cache_bytes=0
    )
    try:
        yield started.start()
    finally:
        started.stop()


def jobs(server):
    return server.get("/pipeline/history")["jobs"]


def stored(server, images):
    eventually(lambda: server.get("/images")["total"] == images, f"{images} images are stored", 60)


def test_an_s3_server_that_stops_and_returns_costs_nothing_but_the_time(server, s3, tmp_path):
    tiny_csv(server.data / "seen.csv", first=1.0)
    stored(server, 1)
    tiny_csv(server.data / "unseen.csv", first=2.0)
    stored(server, 2)
    seen, unseen = (f"{server.url}/frames/image?image_id={image_id}" for image_id in (1, 2))
    before = httpx2.get(seen).content

    s3.stop()
    assert httpx2.get(seen).content == before, "what was fetched before is still here"
    refused = httpx2.get(unseen, timeout=30)
    assert refused.status_code == 503
    assert refused.json()["code"] == "storage_unavailable"
    assert int(refused.headers["Retry-After"]) > 0
    ready = httpx2.get(f"{server.url}/health/ready", timeout=30)
    assert ready.status_code == 503
    assert ready.json()["checks"]["storage"] == "the arrays' storage does not answer"
    tiny_csv(server.data / "third.csv", first=3.0)
    waiting = eventually(
        lambda: next((job for job in jobs(server) if job["state"] == "retrying"), None), "the file waits", 60
    )
    assert (waiting["name"], waiting["reason"]) == ("third.csv", "storage_unavailable")

    s3.start()
    stored(server, 3)
    assert httpx2.get(unseen).status_code == 200
    assert httpx2.get(f"{server.url}/health/ready").json()["checks"]["storage"] == "ok"
    assert [job["state"] for job in jobs(server)] == ["stored"] * 3
    assert len(list((server.data / "processed").iterdir())) == 3
    ids = {image["image_id"] for image in server.get("/images")["images"]}
    of_images = {name for image_id in ids for name in (f"__{image_id}_{image_id}_", f"/{image_id}.json")}
    for file in s3.folder.rglob("*"):
        known = "__schema" in file.name or "group" in str(file) or "__1_1_0000" in file.name
        if file.is_file() and not known:
            assert any(name in str(file) for name in of_images), file


def test_the_secrets_of_the_bucket_are_in_no_log_and_no_answer(server, s3, tmp_path):
    tiny_csv(server.data / "seen.csv", first=2.0)
    stored(server, 1)  # a host that has not seen the bucket yet begins with no file, and would only say so
    s3.stop()
    tiny_csv(server.data / "a.csv")
    eventually(lambda: any(job["state"] == "retrying" for job in jobs(server)), "the file waits", 60)
    told = [str(jobs(server)), str(server.get("/stats")), httpx2.get(f"{server.url}/health", timeout=30).text]
    logs = [file.read_text() for folder in ("logs", ".") for file in (tmp_path / folder).glob("*.log")]
    assert any("a.csv waits" in log for log in logs)
    secret = s3.environment["AWS_SECRET_ACCESS_KEY"]
    assert not any(secret in text for text in told + logs)
