"""Who may change things. Deleting an image that is not there is the change: 404 is being let in."""

from __future__ import annotations

import hmac

import pytest

from app.keys import hashed

KEY = "correct horse battery staple"


def delete(client, **headers):
    response = client.delete("/images/1", headers={name: text for name, text in headers.items() if text})
    return response.status_code, response.json()["code"]


LET_IN = (404, "image_not_found")
NO_KEY = (401, "api_key_required")
NOT_FROM_THERE = (403, "anonymous_write_refused")
NOT_OUR_NAME = (421, "host_not_allowed")


def test_with_a_key_set_only_the_key_opens_from_wherever(idle_server):
    client = idle_server("http://images.example", host="0.0.0.0", api_key=KEY)
    assert delete(client, **{"X-API-Key": KEY}) == LET_IN
    assert delete(client, **{"X-API-Key": KEY, "Origin": "http://elsewhere.example"}) == LET_IN
    assert delete(client) == NO_KEY
    assert delete(client, **{"X-API-Key": KEY[:-1]}) == NO_KEY
    assert delete(client, **{"X-API-Key": KEY.upper()}) == NO_KEY
    assert delete(client, **{"X-API-Key": "clé".encode()}) == NO_KEY
    assert client.delete("/images/1").headers["www-authenticate"] == "ApiKey"
    assert client.get("/images").status_code == 200, "reading needs no key"


def test_a_wrong_key_is_told_from_none(idle_server):
    client = idle_server(api_key=KEY)
    assert client.delete("/images/1").json()["detail"].startswith("send one of the server's API keys")
    assert client.delete("/images/1", headers={"X-API-Key": "x"}).json()["detail"].startswith("wrong key")


def test_who_is_refused_is_told_what_would_let_them_in(idle_server):
    """The flag does not open a server to other machines: it must not be advised as if it did."""
    client = idle_server("http://10.0.0.5", host="0.0.0.0", allow_anonymous_writes=True)
    assert "BOREHOLE_API_KEY" in client.delete("/images/1").json()["detail"]
    client = idle_server("http://images.example", host="0.0.0.0")
    assert "at localhost" in client.delete("/images/1").json()["detail"]


def test_a_key_is_needed_on_loopback_too_once_it_is_set(idle_server):
    assert delete(idle_server(api_key=KEY, allow_anonymous_writes=True)) == NO_KEY


@pytest.mark.parametrize("given", ["wrong", KEY])
def test_keys_are_compared_in_constant_time(idle_server, monkeypatch, given):
    compared = []

    def compare(first: str, second: str) -> bool:
        compared.append({first, second})
        return hmac_compare(first, second)

    hmac_compare = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", compare)
    delete(idle_server(api_key=KEY), **{"X-API-Key": given})
    assert compared == [{hashed(given), hashed(KEY)}]


def test_a_server_on_the_network_takes_no_anonymous_changes(idle_server):
    for host in ("localhost", "images.example"):
        client = idle_server(f"http://{host}", host="0.0.0.0")
        assert delete(client) == NOT_FROM_THERE
        assert "BOREHOLE_API_KEY" in client.delete("/images/1").json()["detail"]


@pytest.mark.parametrize("setup", [{}, {"host": "::1"}, {"host": "0.0.0.0", "allow_anonymous_writes": True}])
def test_anonymous_changes_ask_for_a_host_of_this_machine_and_no_foreign_origin(idle_server, setup):
    client = idle_server(**setup)
    for host in ("localhost", "localhost:8000", "LOCALHOST:8000", "127.0.0.1:8000", "[::1]", "[::1]:8000"):
        assert delete(client, Host=host) == LET_IN, host
        assert delete(client, Host=host, Origin=f"http://{host}".lower()) == LET_IN, host
    for host in ("127.0.0.2", "[::2]", "elsewhere", "[", "]", ":8000", " "):
        assert delete(client, Host=host) == NOT_FROM_THERE, host
        assert delete(client, Host=host, Origin=f"http://{host}") == NOT_FROM_THERE, host
    for host in (
        "evil.example",  # a name that resolves to 127.0.0.1 once the page is loaded
        "localhost.evil.example",
        "127.0.0.1.evil.example:8000",
        "evil.example:127.0.0.1",
    ):
        assert delete(client, Host=host) == NOT_OUR_NAME, host
        assert delete(client, Host=host, Origin=f"http://{host}") == NOT_OUR_NAME, host


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "http://evil.example",
        "http://localhost",  # another port is another origin
        "http://localhost:8001",
        "http://localhost:8000.evil.example",
        "http://evil.example/localhost:8000",
        "http://user@localhost:8000",
        "file://localhost:8000",
        "localhost:8000",
        "http://[",
        "http://",
    ],
)
def test_a_page_elsewhere_must_not_drive_a_server_on_somebodys_desk(idle_server, origin):
    client = idle_server("http://localhost:8000")
    assert delete(client, Origin=origin) == NOT_FROM_THERE
    assert delete(client, Origin="http://localhost:8000") == LET_IN


@pytest.mark.parametrize("path", ["/pipeline/start", "/pipeline/stop", "/pipeline/scan"])
def test_the_pipelines_switch_is_guarded_alike(idle_server, path):
    client = idle_server(api_key=KEY)
    assert client.post(path).json()["code"] == "api_key_required"


def test_every_operation_that_changes_something_is_guarded(library):
    """A new POST or DELETE without the guard is found here."""
    paths = library.client.get("/openapi.json").json()["paths"]
    for path, operations in paths.items():
        for method, operation in operations.items():
            guarded = {"401", "403"} <= operation["responses"].keys()
            assert guarded is (method != "get" and path != "/session"), f"{method} {path}"
            assert bool(operation.get("security")) is guarded
