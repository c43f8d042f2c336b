from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.errors import CatalogUnavailable
from app.main import create_app
from app.pipeline.uploads import Upload
from app.storage.catalog.jobs import Jobs
from tests.builders import eventually, settings_in, tiny_csv

FORM = {"content-type": "multipart/form-data; boundary=edge"}


@pytest.fixture
def settings(tmp_path):
    return settings_in(tmp_path, pipeline_autostart=False, max_upload_bytes=1_000_000)


def part(content: bytes, *, name: str = "file", filename: str | None = "x.csv") -> bytes:
    shown = f'; filename="{filename}"' if filename is not None else ""
    return b'--edge\r\nContent-Disposition: form-data; name="%b"%b\r\n\r\n%b\r\n' % (
        name.encode(),
        shown.encode(),
        content,
    )


def kept(place, job: dict[str, Any]) -> bytes:
    """What lies in the claim of the uploaded file's job."""
    return place.folders.claimed(place.jobs.get(job["id"]).claim).read_bytes()


def nothing_left(place) -> bool:
    return not [*place.folders.uploads.iterdir(), *place.folders.processing.iterdir()]


def test_a_body_is_taken_under_the_name_given(client, place):
    answer = client.post("/images", params={"name": "x.csv"}, content=b"depth")
    assert answer.status_code == 202
    job = answer.json()
    assert answer.headers["location"] == f"/pipeline/jobs/{job['id']}"
    assert (job["name"], job["state"], job["size_bytes"]) == ("x.csv", "queued", 5)
    assert kept(place, job) == b"depth"


def test_a_form_brings_its_own_name(client, place):
    answer = client.post("/images", files={"file": ("x.csv", b"depth\r\n--not the edge")})
    assert answer.status_code == 202
    assert answer.json()["name"] == "x.csv"
    assert kept(place, answer.json()) == b"depth\r\n--not the edge"


def test_a_name_in_the_address_wins_over_the_forms(client):
    answer = client.post("/images", params={"name": "y.csv"}, files={"file": ("x.csv", b"depth")})
    assert answer.json()["name"] == "y.csv"


def test_other_fields_of_a_form_are_passed_over(client, place):
    body = part(b"a word", name="note", filename=None) + part(b"depth") + part(b"b", name="n", filename=None)
    answer = client.post("/images", content=body + b"--edge--\r\n", headers=FORM)
    assert answer.status_code == 202
    assert kept(place, answer.json()) == b"depth"


def test_a_form_is_read_as_it_comes(client, place):
    def pieces():
        for byte in part(b"depth" * 20) + b"--edge--\r\n":
            yield bytes([byte])

    answer = client.post("/images", content=pieces(), headers=FORM)
    assert answer.status_code == 202
    assert kept(place, answer.json()) == b"depth" * 20


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"", FORM),
        (b"--edge--\r\n", FORM),
        (part(b"word", filename=None) + b"--edge--\r\n", FORM),
        (part(b"depth"), FORM),
        (part(b"depth")[:-8], FORM),
        (part(b"one") + part(b"two", filename="y.csv") + b"--edge--\r\n", FORM),
        (part(b"depth", filename="") + b"--edge--\r\n", FORM),
        (b"no form at all", FORM),
        (b"\xff" * 100, FORM),
        (part(b"depth") + b"--edge--\r\n", {"content-type": "multipart/form-data"}),
        (
            part(b"depth") + b"--edge--\r\n",
            {"content-type": 'multipart/form-data; boundary="\xfc"'.encode("latin-1")},
        ),
        (b'--edge\r\nContent-Disposition: form-data; filename="\xff\xfe.csv"\r\n\r\nx\r\n--edge--\r\n', FORM),
    ],
    ids=[
        "empty",
        "no parts",
        "no file",
        "no end",
        "broken off",
        "several files",
        "no name",
        "no form",
        "rubbish",
        "no boundary",
        "odd boundary",
        "undecodable name",
    ],
)
def test_a_form_that_cannot_be_taken_is_refused_and_leaves_nothing(client, place, body, headers):
    answer = client.post("/images", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "upload_malformed"), answer.text
    assert nothing_left(place)


@pytest.mark.parametrize(
    "name", ["..", "/", "a\0b.csv", "a\nb.csv", ".hidden.csv", "x.pdf", "", "%F0%9F", "../.csv", "x.csv/"]
)
def test_a_name_that_is_none_never_reaches_a_path(client, place, name):
    for answer in (
        client.post("/images", params={"name": name}, content=b"depth"),
        client.post("/images", content=part(b"depth", filename=name) + b"--edge--\r\n", headers=FORM),
    ):
        if name == "x.csv/":  # what a path ends in is its name
            assert answer.json()["name"] == "x.csv"
        else:
            assert (answer.status_code, answer.json()["code"]) == (422, "upload_malformed")
            assert nothing_left(place)


def test_a_path_is_cut_to_its_last_part(client, place):
    answer = client.post("/images", params={"name": "../../../x.csv"}, content=b"depth")
    assert answer.json()["name"] == "x.csv"
    assert {path.name for path in place.folders.data.parent.iterdir()} == {"data", "db", "logs"}


def test_a_body_without_a_name_is_told_how_to_give_one(client):
    answer = client.post("/images", content=b"depth")
    assert answer.status_code == 422
    assert "name=survey.csv" in answer.json()["detail"]


def test_more_than_the_limit_is_refused_at_its_announcement(client, place):
    answer = client.post("/images", params={"name": "x.csv"}, content=b"0" * 1_000_001)
    assert (answer.status_code, answer.json()["code"]) == (413, "upload_too_large")
    assert answer.json()["max_bytes"] == 1_000_000
    assert nothing_left(place)


@pytest.mark.parametrize("announced", [None, "12", "nonsense"])
def test_more_than_the_limit_is_refused_as_it_comes(client, place, announced):
    def pieces():
        for _ in range(11):
            yield b"0" * 100_000

    headers = {} if announced is None else {"content-length": announced}
    answer = client.post("/images", params={"name": "x.csv"}, content=pieces(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "upload_too_large")
    assert nothing_left(place)


def test_a_file_of_exactly_the_limit_is_taken(client):
    answer = client.post("/images", params={"name": "x.csv"}, content=b"0" * 1_000_000)
    assert answer.json()["size_bytes"] == 1_000_000


def test_the_edges_of_a_form_do_not_count_as_its_file(client, place):
    answer = client.post("/images", files={"file": ("x.csv", b"0" * 1_000_000)})
    assert answer.json()["size_bytes"] == 1_000_000
    answer = client.post("/images", files={"file": ("y.csv", b"0" * 1_000_001)})
    assert (answer.status_code, answer.json()["code"]) == (413, "upload_too_large")
    assert not [*place.folders.uploads.iterdir()]


def test_nothing_of_an_upload_is_done_on_the_event_loop(client, monkeypatch):
    on_the_loop = []

    def watched(name):
        done = getattr(Upload, name)

        def method(*arguments):
            try:
                asyncio.get_running_loop()
                on_the_loop.append(name)
            except RuntimeError:
                pass
            return done(*arguments)

        monkeypatch.setattr(Upload, name, method)

    for name in ("__enter__", "write", "finish", "__exit__"):
        watched(name)
    assert client.post("/images", params={"name": "x.csv"}, content=b"depth").status_code == 202
    assert on_the_loop == []


@pytest.mark.parametrize("form", [False, True])
@pytest.mark.parametrize("after", [0, 1])
def test_a_client_that_goes_in_the_middle_leaves_nothing(client, place, form, after):
    head = part(b"half a file")[:-2] if form else b"half a file"
    messages = [{"type": "http.request", "body": head, "more_body": True}][:after]
    messages.append({"type": "http.disconnect"})
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"host", b"localhost"), *((k.encode(), v.encode()) for k, v in FORM.items() if form)]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/images",
        "raw_path": b"/images",
        "query_string": b"" if form else b"name=x.csv",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 80),
    }
    asyncio.run(client.app(scope, receive, send))
    assert nothing_left(place)
    assert place.history.page(10)[1] == 0
    assert [message["status"] for message in sent if "status" in message] == [422]


def test_a_catalog_that_does_not_answer_is_a_reason_to_come_again(client, place, monkeypatch):
    def silent(*_: object, **__: object) -> None:
        raise CatalogUnavailable("the catalog does not answer")

    monkeypatch.setattr(Jobs, "add", silent)
    answer = client.post("/images", params={"name": "x.csv"}, content=b"depth")
    assert (answer.status_code, answer.json()["code"]) == (503, "catalog_unavailable")
    assert int(answer.headers["retry-after"]) > 0


def test_a_disk_without_room_is_a_reason_to_come_again(client, place):
    place.folders.uploads.rmdir()
    place.folders.uploads.write_text("no folder")
    answer = client.post("/images", params={"name": "x.csv"}, content=b"depth")
    assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")


def test_an_upload_into_a_stopped_pipeline_waits_until_it_is_started(client, tmp_path):
    content = tiny_csv(tmp_path / "x.csv").read_bytes()
    answer = client.post("/images", params={"name": "x.csv"}, content=content)
    url = answer.headers["location"]
    assert "POST /pipeline/start" in answer.json()["message"]
    assert client.get("/pipeline/status").json()["queued"] == 1
    assert client.get(url).json()["state"] == "queued"
    client.post("/pipeline/start")
    eventually(lambda: client.get(url).json()["state"] == "stored", "it is stored")
    assert client.get("/images").json()["images"][0]["name"] == "x.csv"
    content = tiny_csv(tmp_path / "y.csv", 2.0).read_bytes()
    other = client.post("/images", params={"name": "y.csv"}, content=content)
    assert other.json()["message"] is None


def test_the_demo_is_a_file_like_any_other(client, place, monkeypatch):
    monkeypatch.setattr("app.api.uploads.write_demo_csv", lambda path: tiny_csv(path))
    answer = client.post("/images/demo")
    assert answer.status_code == 202
    assert answer.json()["name"] == "demo.csv"
    assert kept(place, answer.json()).startswith(b"depth,")


def test_uploads_need_the_key_where_there_is_one(tmp_path):
    with TestClient(
        create_app(settings_in(tmp_path, pipeline_autostart=False, api_key="secret")),
        base_url="http://localhost",
    ) as client:
        for path in ("/images?name=x.csv", "/images/demo"):
            assert client.post(path, content=b"depth").status_code == 401
        answer = client.post("/images?name=x.csv", content=b"depth", headers={"X-API-Key": "secret"})
        assert answer.status_code == 202


@pytest.fixture
def with_landing_zone(s3_server, tmp_path):
    """A client of a server that works, and its bucket's folder."""
    folder = s3_server.bucket(f"uploads-{abs(hash(tmp_path))}")
    settings = settings_in(tmp_path, landing_uri=f"s3://{folder.name}/incoming")
    with TestClient(create_app(settings), base_url="http://localhost") as client:
        yield client, folder / "incoming"


def test_with_a_landing_zone_uploads_and_the_demo_go_by_the_bucket(with_landing_zone, tmp_path):
    client, folder = with_landing_zone
    content = tiny_csv(tmp_path / "x.csv").read_bytes()
    sent = client.post("/images", files={"file": ("x.csv", content)})
    urls = [answer.headers["location"] for answer in (sent, client.post("/images/demo"))]
    jobs = [
        eventually(lambda url=url: (job := client.get(url).json())["file"] and job, "it is moved", 60)
        for url in urls
    ]
    assert [job["state"] for job in jobs] == ["stored", "stored"]
    assert jobs[0]["file"].endswith("/incoming/processed/x.csv")
    kept = {file.name for file in (folder / "processed").iterdir()}
    assert kept == {"x.csv", jobs[1]["name"]}
    assert not list((tmp_path / "data").rglob("*.csv"))


def test_a_bucket_that_is_away_is_a_reason_to_come_again(with_landing_zone, s3_server):
    client, folder = with_landing_zone
    s3_server.stop()
    try:
        answer = client.post("/images", params={"name": "x.csv"}, content=b"depth")
    finally:
        s3_server.start()
    assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) > 0
    assert client.get("/pipeline/history").json()["total"] == 0
    assert not [file for file in folder.parent.rglob("*") if file.is_file()]


def test_what_failed_in_the_bucket_is_tried_again_over_http(with_landing_zone, tmp_path):
    client, folder = with_landing_zone
    url = client.post("/images", params={"name": "x.csv"}, content=b"nothing").headers["location"]
    eventually(lambda: client.get(url).json()["file"], "it has failed")
    tiny_csv(folder / "failed" / "x.csv")
    assert client.post(f"{url}/retry").status_code == 202
    eventually(lambda: client.get(url).json()["state"] == "stored", "it is stored")
