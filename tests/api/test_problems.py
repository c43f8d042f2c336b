"""Every error is problem details (RFC 9457) with a stable code and the request's id."""

from __future__ import annotations

import json

import pytest

from app.errors import CatalogUnavailable, StorageUnavailable
from app.storage.arrays.reading import RowReader
from app.storage.catalog.images import Images
from tests.api.conftest import records_of

SECRET = "postgresql://somebody:secret@db"


def raising(error: Exception):
    def fail(*args: object) -> None:
        raise error

    return fail


@pytest.fixture
def records():
    with records_of("borehole.api") as kept:
        yield kept


@pytest.mark.parametrize(
    ("method", "url", "status", "code"),
    [
        ("GET", "/frames?image_id=1&depth_min=1&depth_max=2", 404, "depth_range_empty"),
        ("GET", "/frames?image_id=9", 404, "image_not_found"),
        ("GET", f"/images/{10**30}", 404, "image_not_found"),
        ("GET", "/pipeline/jobs/99", 404, "job_not_found"),
        ("GET", f"/pipeline/jobs/{10**30}", 404, "job_not_found"),
        ("GET", "/colormaps/%FF%00%0D%0A", 404, "colormap_not_found"),
        ("GET", "/frames", 422, "invalid_parameter"),
        ("GET", "/nothing", 404, "no_such_page"),
        ("GET", "/nothing%0D%0Ahere", 404, "no_such_page"),
        ("PUT", "/images", 405, "method_not_allowed"),
        ("GET", "/pipeline/start", 405, "method_not_allowed"),
        ("BREW", "/frames", 405, "method_not_allowed"),
    ],
)
def test_an_error_is_told_as_a_problem(blunt, method, url, status, code):
    response = blunt.request(method, url)
    problem = response.json()
    assert response.headers["content-type"] == "application/problem+json"
    assert (response.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert problem["request_id"] == response.headers["x-request-id"]
    assert problem["type"] == "about:blank"
    assert problem["title"]
    assert problem["detail"]


def test_405_says_which_methods_there_are(library):
    assert library.client.get("/pipeline/start").headers["allow"] == "POST"


def test_422_names_every_parameter_at_fault_with_what_it_was(library):
    problem = library.client.get("/frames?image_id=one&depth_min=deep").json()
    faults = {fault["parameter"]: fault["value"] for fault in problem["errors"]}
    assert faults == {"image_id": "'one'", "depth_min": "'deep'"}
    assert "image_id" in problem["detail"]
    assert "'deep'" in problem["detail"]


def test_what_is_missing_is_told_as_missing(library):
    problem = library.client.get("/frames").json()
    assert problem["detail"] == "image_id is missing"
    assert problem["errors"] == [{"parameter": "image_id", "message": "is missing"}]
    assert library.client.post("/images/1/picks").json()["detail"] == "body is missing"


def test_a_long_value_is_told_in_short(library):
    problem = library.client.get(f"/frames?image_id={'1' * 5000}").json()
    assert len(problem["errors"][0]["value"]) == 100
    assert problem["errors"][0]["value"].endswith("…")


def test_a_500_tells_nothing_and_the_log_everything_under_its_id(blunt, monkeypatch, records):
    monkeypatch.setattr(Images, "page", raising(RuntimeError(SECRET)))
    response = blunt.get("/images", headers={"X-Request-Id": "from-a-proxy"})
    problem = response.json()
    assert (response.status_code, problem["code"]) == (500, "internal_error")
    assert "secret" not in response.text
    assert "RuntimeError" not in response.text
    assert problem["request_id"] == response.headers["x-request-id"] == "from-a-proxy"
    (record,) = records
    assert record.request == "from-a-proxy"
    assert "from-a-proxy" in record.getMessage()
    assert SECRET in str(record.exc_info[1])


@pytest.mark.parametrize(
    ("owner", "name", "error", "url"),
    [
        (Images, "page", CatalogUnavailable(SECRET), "/images"),
        (Images, "totals", CatalogUnavailable(SECRET), "/stats"),
        (RowReader, "depths_in_memory", StorageUnavailable(SECRET), "/frames?image_id=1"),
    ],
)
def test_what_passes_is_503_with_the_time_to_try_again(blunt, monkeypatch, records, owner, name, error, url):
    monkeypatch.setattr(owner, name, raising(error))
    response = blunt.get(url)
    assert response.status_code == 503
    assert response.json()["code"] == error.code
    assert response.headers["retry-after"] == "5"
    assert "secret" not in response.text
    assert str(error) in records[0].getMessage()
    assert records[0].exc_info is None, "one cause, many requests"


def test_the_log_of_an_error_is_one_line_of_plain_text(blunt, monkeypatch, records):
    monkeypatch.setattr("app.api.colormaps.colormap_of", raising(RuntimeError("broken")))
    blunt.get("/colormaps/%1B[2J%0Aforged")
    assert r"/colormaps/\x1b[2J\nforged" in records[0].getMessage()


@pytest.mark.parametrize("host", ["[", "]", "[::1", "a b", "", "localhost:port"])
def test_a_malformed_host_is_no_internal_error(blunt, monkeypatch, host):
    for url, status in (("/images", 200), ("/nothing", 404), ("/frames", 422)):
        assert blunt.get(url, headers={"Host": host}).status_code == status
    monkeypatch.setattr(Images, "page", raising(RuntimeError()))
    assert blunt.get("/images", headers={"Host": host}).json()["code"] == "internal_error"


@pytest.mark.parametrize("headers", [{}, {"Transfer-Encoding": "chunked"}])
def test_a_body_that_is_no_upload_may_not_be_large(library, headers):
    pick = {"name": "x" * 300_000, "kind": "bed", "depth": 9001, "amplitude": 0.1, "azimuth": 10}
    body = json.dumps(pick).encode()
    content = iter([body]) if headers else body
    answer = library.client.post(
        "/images/1/picks", content=content, headers={"Content-Type": "application/json", **headers}
    )
    assert answer.status_code == 413
    if headers:  # the framework tells of an announced length itself, before anything of ours is asked
        assert answer.json()["code"] == "body_too_large"
