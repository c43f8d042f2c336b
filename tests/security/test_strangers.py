"""Who is let in, and what a name, a page elsewhere, or somebody who has read the settings gets."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time

import httpx2
import pytest

from app.api.doorway import SESSION_TOKEN, Doorway
from app.api.rate_limit import MOST_CLIENTS, RateLimit, client_of
from app.api.sessions import COOKIE, SECRET_FILE, secret_in, token_for
from app.keys import ApiKey
from app.settings import Settings
from tests.security.conftest import DASHBOARD, KEYS, OFFICE, status

OURS = [
    "localhost",
    "LOCALHOST:8000",
    "127.0.0.1:8000",
    "[::1]:8000",
    "192.168.1.20:8000",
    "workstation:8000",
    "",
]
STRANGE = ["evil.example:8000", "localhost.evil.example", "127.0.0.1.evil.example", "evil.", "1.2.3.4.5"]


def test_a_page_whose_name_leads_here_reads_nothing(send):
    """DNS rebinding: to the browser it is of one origin with us, and may read what we answer."""
    for host in OURS:
        assert (
            status(send(f"GET /images HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())) == 200
        ), host
    for host in STRANGE:
        for path in ("/images", "/", "/pipeline/events", "/frames/image?image_id=1"):
            assert (
                status(send(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()))
                == 421
            ), host
    two = b"GET /images HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
    assert status(send(two)) == 421


@pytest.mark.parametrize(
    ("settings", "guards"),
    [
        ({}, True),
        ({"host": "0.0.0.0", "allow_anonymous_writes": True}, True),
        ({"host": "0.0.0.0"}, False),
        ({"host": "0.0.0.0", "allowed_hosts": "images.example"}, True),
        ({"allowed_hosts": "*"}, False),
        ({"api_key": OFFICE, "reading_needs_key": True}, False),
    ],
)
def test_a_name_counts_where_being_near_is_enough(settings, guards):
    assert Settings(_env_file=None, **settings).guards_its_name is guards


@pytest.mark.parametrize("name", ["http://a.example", "a b", "a.example:80", ""])
def test_what_is_no_name_is_refused_as_a_setting(name):
    if not name:
        assert Settings(_env_file=None).allowed_hosts == ()
        return
    with pytest.raises(ValueError, match="no host's name"):
        Settings(_env_file=None, allowed_hosts=name.replace(" ", "/"))


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_a_form_of_a_page_elsewhere_changes_nothing(server, kind):
    """What a browser sends anywhere without asking first."""
    headers = {"Content-Type": kind, "Origin": "https://evil.example"}
    for path in (
        "/images?name=x.csv",
        "/images/demo",
        "/pipeline/stop",
        "/images/1/picks",
        "/pipeline/jobs/1/retry",
    ):
        answer = httpx2.post(f"{server.url}{path}", content=b'{"a":1}', headers=headers)
        assert answer.status_code in (403, 422), path
    assert httpx2.get(f"{server.url}/pipeline/status").json()["running"] is True
    assert (
        httpx2.get(f"{server.url}/images", headers=headers).headers.get("access-control-allow-origin") is None
    )


def test_the_settings_are_not_enough_to_make_a_session(tmp_path):
    """They hold hashes so that who reads them has no key: a token must not be made of a hash alone."""
    key = ApiKey.of("office", "write", OFFICE)
    text = f"office~{int(time.time()) + 1000}"
    for secret in (bytes.fromhex(key.sha256), key.sha256.encode(), bytes(32)):
        forged = f"{text}~{hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()}"
        assert forged.rpartition("~")[2] not in token_for(key, secret_in(tmp_path), time.time())
    assert token_for(key, secret_in(tmp_path), 0) == token_for(key, secret_in(tmp_path), 0)
    assert token_for(key, secret_in(tmp_path), 0) != token_for(key, bytes(32), 0)
    assert (tmp_path / SECRET_FILE).stat().st_mode & 0o077 == 0
    assert [file.name for file in tmp_path.iterdir()] == [SECRET_FILE]


def test_who_made_the_secret_first_counts(tmp_path, monkeypatch):
    """Two processes that start at once."""
    made = secret_in(tmp_path)
    monkeypatch.setattr(
        "pathlib.Path.read_bytes", lambda file, calls=[]: calls.append(1) or missing_once(calls, made)
    )
    assert secret_in(tmp_path) == made


def missing_once(calls, made):
    if len(calls) == 1:
        raise FileNotFoundError
    return made


def test_rotated_keys_end_their_sessions_and_others_do_not(tmp_path):
    from app.api.sessions import holder_of_token

    secret = secret_in(tmp_path)
    old, new = ApiKey.of("office", "write", OFFICE), ApiKey.of("office", "write", "n" * 43)
    token = token_for(old, secret, time.time())
    assert holder_of_token(token, secret, [new, old]) == old, "side by side while they are exchanged"
    assert holder_of_token(token, secret, [new]) is None
    assert holder_of_token(token.replace("office", "0ffice"), secret, [old]) is None


@pytest.fixture(scope="module")
def closed(tmp_path_factory):
    from tests.viewer.server import Server

    started = Server(
        tmp_path_factory.mktemp("closed"), api_keys=KEYS, reading_needs_key="true", pipeline_autostart="false"
    ).start()
    yield started
    started.stop()


def test_what_is_kept_is_kept_from_strangers_by_any_method(closed):
    read = {"X-API-Key": DASHBOARD}
    assert httpx2.get(f"{closed.url}/colormaps", headers=read).status_code == 200
    for method in ("GET", "HEAD", "OPTIONS", "POST", "PUT", "TRACE"):
        for path in (
            "/colormaps",
            "//colormaps",
            "/colormaps/",
            "/viewer/../colormaps",
            "/metrics",
            "/openapi.json",
        ):
            answer = httpx2.request(method, closed.url + path)
            assert answer.status_code in (401, 404), (method, path)


def test_strangers_learn_nothing_from_whether_it_is_ready(closed):
    ready = httpx2.get(f"{closed.url}/health/ready").json()
    assert set(ready) == {"status", "checks"}
    assert set(ready["checks"].values()) <= {"ok", "failing"}
    assert httpx2.get(f"{closed.url}/health").status_code == 401
    assert "data" in httpx2.get(f"{closed.url}/health", headers={"X-API-Key": DASHBOARD}).text


def test_whose_session_it_is(closed):
    with httpx2.Client(base_url=closed.url) as browser:
        assert browser.get("/session").json() is None
        begun = browser.post("/session", headers={"X-API-Key": DASHBOARD})
        assert "HttpOnly" in begun.headers["set-cookie"]
        assert browser.get("/session").json() == {"name": "dashboard", "scope": "read"}
        assert browser.delete("/images/1").json()["code"] == "key_is_for_reading"
        browser.delete("/session")
        assert browser.get("/session").json() is None
        assert COOKIE not in browser.cookies


def test_no_cookie_but_ours_gets_past_the_door():
    """Python's own parser takes seconds over a hostile one, and FastAPI has it parse all there are."""
    seen = {}

    async def inside(scope, receive, send):
        seen.update(scope)

    cookies = [
        (b"cookie", b"a=b; borehole_session=x~1~y"),
        (b"cookie", b"borehole_session=z"),
        (b"host", b"a"),
    ]
    asyncio.run(
        Doorway(inside, settings=Settings(_env_file=None))({"type": "http", "headers": cookies}, None, None)
    )
    assert seen["headers"] == [(b"host", b"a")]
    assert seen[SESSION_TOKEN] == "x~1~y"


def test_many_addresses_take_no_memory():
    limit = RateLimit(None, per_second=1)
    for number in range(MOST_CLIENTS + 1000):
        assert limit.may_ask(f"c{number}", 0.0)
    assert len(limit._used_up_to) == MOST_CLIENTS
    asked = [limit.may_ask("a", now) for now in (0.0,) * 12 + (1.5, 1.5, 100.0)]
    assert asked == [True] * 10 + [False] * 2 + [True, False, True]


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("10.1.2.3", "10.1.2.3"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("::ffff:10.1.2.3", "10.1.2.3"),
        ("x" * 100, "x" * 64),
        (":" * 100, ":" * 64),
    ],
)
def test_all_addresses_of_one_network_are_one_client(address, client):
    assert client_of(address) == client
