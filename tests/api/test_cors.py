"""Pages of other origins may read where the operator lists them, and never write."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from app.settings import Settings

PAGE = {"Origin": "https://dashboard.example"}


def asked_before(client, method):
    return client.options("/images/1", headers=PAGE | {"Access-Control-Request-Method": method})


def test_by_default_no_page_elsewhere_reads(idle_server):
    client = idle_server()
    assert "access-control-allow-origin" not in client.get("/images", headers=PAGE).headers
    assert asked_before(client, "GET").status_code == 405


def test_a_listed_page_reads_and_sees_our_headers_and_no_other_does(idle_server):
    client = idle_server(cors_origins="https://dashboard.example, https://other.example")
    answer = client.get("/images", headers=PAGE)
    assert answer.headers["access-control-allow-origin"] == "https://dashboard.example"
    assert "X-Depth-Min" in answer.headers["access-control-expose-headers"]
    assert "access-control-allow-credentials" not in answer.headers
    elsewhere = client.get("/images", headers={"Origin": "https://elsewhere.example"})
    assert "access-control-allow-origin" not in elsewhere.headers


def test_a_listed_page_does_not_write(idle_server):
    client = idle_server(cors_origins="https://dashboard.example")
    assert asked_before(client, "GET").status_code == 200
    assert asked_before(client, "DELETE").status_code == 400
    assert client.delete("/images/1", headers=PAGE).status_code == 403


@pytest.mark.parametrize(
    "origins", ["dashboard.example", "https://a.example/path", "ftp://a.example", "null"]
)
def test_what_is_no_origin_is_refused(origins):
    with pytest.raises(ValidationError, match="is no origin"):
        Settings(cors_origins=origins)
