"""Several keys, for reading and for writing, in headers and in a browser's session."""

from __future__ import annotations

import pytest

from app.api import sessions
from app.keys import ApiKey
from tests.api.conftest import records_of

OFFICE, DASHBOARD = "o" * 43, "d" * 43
KEYS = f"{ApiKey.of('office', 'write', OFFICE)},{ApiKey.of('dashboard', 'read', DASHBOARD)}"


@pytest.fixture
def closed(idle_server):
    """A server that answers to nobody without a key."""
    return idle_server(
        "https://images.example", host="0.0.0.0", api_keys=KEYS, reading_needs_key=True, access_log=True
    )


@pytest.mark.parametrize(
    "headers", [{"X-API-Key": DASHBOARD}, {"Authorization": f"Bearer {DASHBOARD}"}, {"X-API-Key": OFFICE}]
)
def test_any_key_reads(closed, headers):
    assert closed.get("/images", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/images",
        "/frames/image?image_id=1",
        "/stats",
        "/metrics",
        "/docs",
        "/openapi.json",
        "/pipeline/events",
    ],
)
@pytest.mark.parametrize(
    "headers",
    [{}, {"X-API-Key": "wrong"}, {"Authorization": f"Basic {DASHBOARD}"}, {"Cookie": "borehole_session=x"}],
)
def test_without_one_nothing_is_told(closed, path, headers):
    answer = closed.get(path, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "api_key_required")


@pytest.mark.parametrize("path", ["/", "/viewer/main.js", "/health/live", "/health/ready"])
def test_the_page_that_asks_for_the_key_and_the_health_are_for_everybody(closed, path):
    assert closed.get(path).status_code in (200, 503)


def test_answers_kept_in_memory_are_kept_from_strangers_too(closed):
    read = {"X-API-Key": DASHBOARD}
    first = closed.get("/images/1", headers=read)
    assert first.status_code == 404
    assert closed.get("/images/1").status_code == 401


def test_a_key_for_reading_changes_nothing(closed):
    refused = closed.delete("/images/1", headers={"X-API-Key": DASHBOARD})
    assert (refused.status_code, refused.json()["code"]) == (403, "key_is_for_reading")
    assert closed.delete("/images/1", headers={"X-API-Key": OFFICE}).status_code == 404


def test_the_log_names_the_key_and_never_shows_it(closed):
    with records_of("borehole.access") as records:
        closed.get("/images", headers={"X-API-Key": DASHBOARD})
        closed.get("/images")
    assert [getattr(record, "key", None) for record in records] == ["dashboard", None]
    assert all(DASHBOARD not in str(vars(record)) for record in records)


def begin(client, key):
    answer = client.post("/session", headers={"X-API-Key": key})
    assert answer.status_code == 200
    return answer


def test_a_session_stands_for_the_key_it_was_begun_with(closed):
    answer = begin(closed, DASHBOARD)
    assert answer.json() == {"name": "dashboard", "scope": "read"}
    cookie = answer.headers["set-cookie"]
    assert DASHBOARD not in cookie
    assert {"HttpOnly", "Secure", "SameSite=strict"} <= set(cookie.split("; "))
    assert closed.get("/images").status_code == 200
    assert closed.delete("/images/1").json()["code"] == "key_is_for_reading"
    begin(closed, OFFICE)
    assert closed.delete("/images/1").status_code == 404
    assert closed.delete("/session").status_code == 204
    assert closed.get("/images").status_code == 401


def test_a_session_is_of_no_use_to_a_page_of_another_origin(closed):
    begin(closed, OFFICE)
    elsewhere = {"Origin": "https://elsewhere.example"}
    assert closed.delete("/images/1", headers=elsewhere).json()["code"] == "api_key_required"
    assert closed.delete("/images/1", headers={"Origin": "https://images.example"}).status_code == 404


def test_where_reading_needs_a_key_no_cache_that_others_use_may_keep_an_answer(closed):
    begin(closed, DASHBOARD)
    assert closed.get("/colormaps/grey").headers["Cache-Control"] == "private, max-age=3600"


def whose(client, token):
    services = client.app.state.services
    return sessions.holder_of_token(token, services.session_secret, services.settings.keys)


def test_a_session_ends_by_itself_and_with_its_key(closed, idle_server, monkeypatch):
    begin(closed, DASHBOARD)
    token = closed.cookies[sessions.COOKIE]
    with monkeypatch.context() as later:
        later.setattr("time.time", lambda: closed.app.state.services.started_at + sessions.SECONDS + 60)
        assert whose(closed, token) is None
    renewed = (ApiKey.of("dashboard", "read", "another"),)
    assert sessions.holder_of_token(token, closed.app.state.services.session_secret, renewed) is None
    assert whose(closed, token) is not None


@pytest.mark.parametrize(
    "forged", ["", "~", "dashboard", "dashboard~9999999999", "dashboard~9999999999~00", "a~٣~b"]
)
def test_a_forged_token_is_nobodys(forged):
    assert sessions.holder_of_token(forged, bytes(32), [ApiKey.of("dashboard", "read", DASHBOARD)]) is None


@pytest.mark.parametrize("given", [{}, {"X-API-Key": "wrong"}])
def test_a_session_is_begun_with_a_key_only(closed, given):
    assert closed.post("/session", headers=given).status_code == 401
