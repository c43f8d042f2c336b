"""Nothing is kept in a replica that another needs."""

from __future__ import annotations

import itertools
import re
import socket
import threading
import time

import httpx2
import pytest

from tests.builders import eventually, tiny_csv
from tests.cluster.nginx import Nginx
from tests.cluster.replicas import KEY

NOT_OF_THE_CONTENT = {"date", "server-timing", "x-request-id"}


@pytest.fixture(scope="module")
def image(replicas):
    tiny_csv(replicas.data / "first.csv", rows=300)
    return replicas.get(f"/images/{stored(replicas, 'first.csv')['image_id']}")


def stored(replicas, name):
    def found():
        images = replicas.get("/images?limit=1000")["images"]
        return next((image for image in images if image["name"] == name), None)

    return eventually(found, f"{name} is stored", 60)


def new_image(replicas, name, first):
    tiny_csv(replicas.data / name, first)
    return stored(replicas, name)["image_id"]


@pytest.mark.parametrize(
    "path",
    [
        "/images",
        "/images/{image_id}",
        "/frames?image_id={image_id}",
        "/frames?image_id={image_id}&format=base64",
        "/frames/image?image_id={image_id}",
        "/frames/image?image_id={image_id}&normalize=dynamic&window=5",
        "/frames/image?image_id={image_id}&axis=depth&height=100",
        "/images/{image_id}/tiles/0/0.png?v={version}",
        "/images/{image_id}/depths?v={version}",
        "/images/{image_id}/statistics",
        "/images/{image_id}/export?format=csv",
        "/colormaps",
    ],
)
def test_every_replica_gives_the_same_answer_with_the_same_headers(replicas, image, path):
    answers = [httpx2.get(server.url + path.format(**image)) for server in replicas.servers]
    assert {answer.status_code for answer in answers} == {200}
    first, second = (
        {name: value for name, value in answer.headers.items() if name not in NOT_OF_THE_CONTENT}
        for answer in answers
    )
    assert first == second
    assert answers[0].content == answers[1].content
    if "etag" in first:
        again = httpx2.get(
            replicas.servers[1].url + path.format(**image), headers={"If-None-Match": first["etag"]}
        )
        assert again.status_code == 304, "what one has said another may confirm"


def test_what_is_asked_for_by_version_is_immutable_everywhere(replicas, image):
    path = "/images/{image_id}/tiles/0/0.png?v={version}".format(**image)
    for url in (replicas.url, *(server.url for server in replicas.servers)):
        assert httpx2.get(url + path).headers["cache-control"] == "public, max-age=31536000, immutable"


def test_a_session_begun_at_one_replica_holds_at_the_others(replicas):
    one, other = (server.url for server in replicas.servers)
    begun = httpx2.post(f"{one}/session", headers={"X-API-Key": KEY})
    assert begun.status_code == 200
    cookie = {"Cookie": begun.headers["set-cookie"].partition(";")[0]}
    assert httpx2.get(f"{other}/session", headers=cookie).json() == {"name": "default", "scope": "write"}
    assert httpx2.post(f"{other}/pipeline/scan", headers=cookie | {"Origin": other}).is_success


def test_a_change_is_seen_by_all_within_a_second_of_its_commit(replicas):
    image_id = new_image(replicas, "changed.csv", 200.0)
    path = f"/images/{image_id}"
    one, other = (server.url for server in replicas.servers)
    for url in (one, other):
        assert httpx2.get(url + path).json()["well"] is None
        assert httpx2.get(f"{url}/frames/image?image_id={image_id}").status_code == 200

    began = time.monotonic()
    assert httpx2.patch(one + path, json={"well": "A-1"}, headers={"X-API-Key": KEY}).is_success
    eventually(lambda: httpx2.get(other + path).json()["well"] == "A-1", "the description is seen")
    assert time.monotonic() - began < 1.0 + 0.5  # the change itself takes its time on a busy machine

    def is_gone():
        return httpx2.get(f"{other}/frames/image?image_id={image_id}").status_code == 404

    assert not is_gone()
    assert httpx2.delete(one + path, headers={"X-API-Key": KEY}).is_success
    committed = time.monotonic()
    eventually(is_gone, "no picture of it any more")
    assert time.monotonic() - committed < 1.2


def test_events_leave_nginx_as_they_happen(replicas):
    heard: dict[int, float] = {}
    is_open = threading.Event()

    def listen():
        with httpx2.stream("GET", f"{replicas.url}/pipeline/events", timeout=60) as answer:
            for line in answer.iter_lines():
                is_open.set()
                if found := re.search(r'"image_id":(\d+),"change":"stored"', line):
                    heard[int(found[1])] = time.monotonic()
                    return

    threading.Thread(target=listen, daemon=True).start()
    assert is_open.wait(20), "the status comes at once"
    image_id = new_image(replicas, "told.csv", 300.0)
    seen = time.monotonic()
    eventually(lambda: image_id in heard, "the event of a new image")
    assert heard[image_id] - seen < 1.0


def test_an_upload_goes_through_and_any_replica_tells_of_its_job(replicas):
    file = tiny_csv(replicas.folder / "sent.csv", 400.0)
    with file.open("rb") as opened:
        accepted = replicas.ask("POST", "/images", files={"file": ("sent.csv", opened, "text/csv")})
    assert accepted.status_code == 202, accepted.text
    where = accepted.headers["location"]

    def states():
        return {
            httpx2.get(httpx2.URL(server.url).join(where), headers={"X-API-Key": KEY}).json()["state"]
            for server in replicas.servers
        }

    eventually(lambda: states() == {"stored"}, "both say that it is stored", 60)


def test_an_upload_is_not_held_back_by_nginx(replicas):
    """The replica refuses it for want of a key before its body was sent."""
    with socket.create_connection(("127.0.0.1", replicas.nginx.port), timeout=20) as client:
        head = b"POST /images HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\nContent-Length: 1000000000"
        client.sendall(head + b"\r\n\r\ndepth,")
        assert client.recv(100).startswith(b"HTTP/1.1 401 ")


def test_the_log_tells_the_clients_address_and_nobody_can_pretend_another(replicas):
    for number in range(4):
        replicas.ask("GET", f"/images?limit={number + 900}", headers={"X-Forwarded-For": "192.0.2.7"})
    logs = [server.log.read_text() for server in replicas.servers]
    assert any("limit=90" in log for log in logs)
    assert not any("192.0.2.7" in log for log in logs)


def test_no_metrics_of_whichever_replica_it_happens_to_be(replicas):
    assert replicas.ask("GET", "/metrics").status_code == 404
    for server in replicas.servers:
        assert "borehole_http_requests_total" in httpx2.get(f"{server.url}/metrics").text


def test_nginx_may_keep_what_is_immutable_and_nothing_else(replicas, image):
    ports = [server.port for server in replicas.servers if server.port is not None]
    nginx = Nginx(replicas.folder / "keeping", ports, keeps_answers=True).start()
    try:
        path = "/images/{image_id}/tiles/0/0.png".format(**image)

        def kept(path):
            return [httpx2.get(nginx.url + path).headers.get("x-cache") for _ in range(2)]

        assert kept(f"{path}?v={image['version']}") == ["MISS", "HIT"]
        assert kept(path) == ["BYPASS", "BYPASS"]
        assert kept(f"{path}?v=another") == ["MISS", "MISS"]
    finally:
        nginx.stop()


def test_without_any_replica_it_is_503_and_when_to_come_again(replicas):
    nginx = Nginx(replicas.folder / "alone", [next(p for p in itertools.count(1) if not answers(p))]).start()
    try:
        answer = httpx2.get(f"{nginx.url}/images")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        assert (answer.headers["content-type"], answer.json()["code"]) == (
            "application/problem+json",
            "no_replica_answers",
        )
    finally:
        nginx.stop()


def answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
