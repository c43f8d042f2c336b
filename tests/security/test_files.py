"""What may lie in the data folder without being a file that somebody logged."""

from __future__ import annotations

import json
import os
import socket
import zlib

import pytest

from tests.builders import eventually, ingest, tiny_csv


@pytest.fixture
def secret(tmp_path):
    file = tmp_path / "secret.csv"
    file.write_text("depth,PASSWORD\n1,hunter2\n")
    return file


def test_a_link_to_somewhere_else_is_not_followed(client, settings, secret, monkeypatch):
    (settings.data_dir / "link.csv").symlink_to(secret)
    os.mkfifo(settings.data_dir / "fifo.csv")
    with socket.socket(socket.AF_UNIX) as listener:
        monkeypatch.chdir(settings.data_dir)  # the path of a socket must be short
        listener.bind("socket.csv")
        jobs = eventually(lambda: finished(client, 3), "all three are refused")
    assert {job["reason"] for job in jobs} == {"not_a_regular_file"}
    assert "hunter2" not in json.dumps(jobs)
    assert secret.read_text().startswith("depth")


def test_a_description_that_is_no_plain_file_is_none(place, secret):
    os.mkfifo(place.folders.data / "a.csv.json")
    (place.folders.data / "b.csv.json").symlink_to(secret)
    for number, name in enumerate(("a.csv", "b.csv")):
        assert ingest(place, tiny_csv(place.folders.data / name, first=number + 1.0)).state == "stored"


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz"])
def test_a_file_of_one_endless_line_fails_and_is_told(place, suffix):
    """100 MB of a single cell; as .gz it takes 100 kB to send."""
    content = b"depth," + b"9" * 100_000_000
    if suffix.endswith("gz"):
        packer = zlib.compressobj(wbits=31)
        content = packer.compress(content) + packer.flush()
    file = place.folders.data / f"bomb{suffix}"
    file.write_bytes(content)
    job = ingest(place, file)
    assert job.state == "failed"
    assert len(job.message) < 2000


def finished(client, count):
    jobs = client.get("/pipeline/history").json()["jobs"]
    return jobs if sum(job["state"] == "failed" for job in jobs) == count else None
