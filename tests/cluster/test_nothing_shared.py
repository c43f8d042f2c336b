"""With a landing zone, machines have the catalog and the bucket in common, and no disk."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.builders import eventually, tiny_csv
from tests.cluster.replicas import KEY, ROWS, Replicas, running
from tests.faults.cluster import Server
from tests.postgresql import PostgreSQL
from tests.s3_server import S3Server


@pytest.fixture(scope="module")
def replicas(
    tmp_path_factory: pytest.TempPathFactory, database_server: PostgreSQL, bucket_server: S3Server
) -> Iterator[Replicas]:
    made = Replicas(
        tmp_path_factory.mktemp("nothing-shared"),
        database_server,
        bucket_server,
        "alone/arrays",
        share_data=False,
        landing_uri="s3://wells/alone/incoming",
        rescan_seconds="0.5",
    )
    with running(made):
        yield made


@pytest.fixture(scope="module")
def zone(bucket_server: S3Server) -> Path:
    """The landing zone, as its server keeps it."""
    return bucket_server.folder / "wells" / "alone" / "incoming"


@pytest.fixture(scope="module")
def sent() -> dict[str, str]:
    """The job's address of every file sent so far."""
    return {}


def send(replicas: Replicas, server: Server, sent: dict[str, str]) -> str:
    number = len(sent)
    file = tiny_csv(replicas.folder / f"{number}.csv", 1000.0 * number, rows=ROWS)
    with file.open("rb") as opened:
        answer = httpx2.post(
            f"{server.url}/images", files={"file": opened}, headers={"X-API-Key": KEY}, timeout=60
        )
    assert answer.status_code == 202, answer.text
    sent[file.name] = answer.headers["location"]
    return file.name


def other_than(replicas: Replicas, host: Server) -> Server:
    return next(server for server in replicas.servers if server is not host)


def wait_until_stored(replicas: Replicas, zone: Path, sent: dict[str, str]) -> None:
    """Each once, moved, and nothing else anywhere."""

    def states() -> list[tuple[str, str]]:
        jobs = replicas.get("/pipeline/history?limit=1000")["jobs"]
        return sorted((job["name"], job["state"]) for job in jobs if job["file"])

    all_stored = sorted((name, "stored") for name in sent)
    eventually(lambda: states() == all_stored, f"all are stored and moved: {sorted(sent)}", 90)
    images = replicas.get("/images?limit=1000")["images"]
    assert sorted(image["name"] for image in images) == sorted(sent)
    files = {str(file.relative_to(zone)) for file in zone.rglob("*") if file.is_file()}
    assert files == {f"processed/{name}" for name in sent}
    for data in replicas.folder.glob("machine-*/data"):
        assert [file for file in data.rglob("*") if file.is_file()] == []


def in_work_or_done(replicas: Replicas) -> bool:
    status = replicas.get("/pipeline/status")
    return bool(status["active"]) or status["queued"] == 0


def test_what_is_uploaded_at_one_is_ingested_by_the_other(replicas, zone, sent):
    host = replicas.host
    other = other_than(replicas, host)
    told_before = len(other.log.read_text())
    for server in (other, host):
        name = send(replicas, server, sent)
        for each in replicas.servers:
            answer = httpx2.get(each.url + sent[name], headers={"X-API-Key": KEY})
            assert answer.json()["name"] == name, "any of them tells of it"
    wait_until_stored(replicas, zone, sent)
    assert "is image" in host.log.read_text() and "is image" not in other.log.read_text()[told_before:]


def test_what_failed_is_tried_again_by_whichever_is_asked(replicas, zone, sent):
    other = other_than(replicas, replicas.host)
    answer = replicas.ask("POST", "/images?name=bad.csv", content=b"nothing")
    where = answer.headers["location"]
    eventually(lambda: replicas.get(where)["file"], "it has failed", 30)
    assert (zone / "failed" / "bad.csv.error.json").exists()
    tiny_csv(zone / "failed" / "bad.csv", -5000.0, rows=ROWS)
    again = httpx2.post(f"{other.url}{where}/retry", headers={"X-API-Key": KEY}, timeout=60)
    assert again.status_code == 202
    sent["bad.csv"] = where
    wait_until_stored(replicas, zone, sent)


def test_the_hosts_machine_is_switched_off_and_what_was_uploaded_there_is_ingested(replicas, zone, sent):
    host = replicas.host
    for server in itertools.islice(itertools.cycle(replicas.servers), 6):
        send(replicas, server, sent)
    eventually(lambda: in_work_or_done(replicas), "a file is in work, unless the machine was quicker", 30)
    replicas.switch_off(host)
    began = time.monotonic()
    for _ in range(2):
        send(replicas, other_than(replicas, host), sent)
    wait_until_stored(replicas, zone, sent)
    print(f"another host took over; all stored after {time.monotonic() - began:.1f} s")  # noqa: T201
    replicas.start()


def test_a_machine_that_dies_while_it_receives_a_file_leaves_nothing_that_is_read(replicas, zone, sent):
    """The client had no answer, and sends it again elsewhere."""
    receiving = other_than(replicas, replicas.host)

    def pieces() -> Iterator[bytes]:
        yield b"depth,"
        eventually(
            lambda: list(replicas.folder.glob("machine-*/data/.uploads/*.part")), "it is being received"
        )
        replicas.switch_off(receiving)
        for _ in range(1000):
            yield bytes(100_000)

    with pytest.raises(httpx2.HTTPError):
        httpx2.post(
            f"{receiving.url}/images?name=broken.csv",
            content=pieces(),
            headers={"X-API-Key": KEY},
            timeout=60,
        )
    replicas.start()
    (part,) = replicas.folder.glob("machine-*/data/.uploads/*.part")
    part.unlink()  # as the next upload there does, an hour later
    name = send(replicas, replicas.host, sent)
    assert name in sent
    wait_until_stored(replicas, zone, sent)
