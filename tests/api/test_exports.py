"""A whole image, or a range of any length, as a file."""

from __future__ import annotations

import gzip
import io
import socket
import time
from dataclasses import dataclass

import httpx2
import numpy as np
import orjson
import pytest
from fastapi.testclient import TestClient

from app.api import exports
from app.api.services import Services
from app.errors import StorageUnavailable
from app.main import create_app
from app.pipeline.workplace import Workplace
from app.rendering.exports import parquet
from app.rendering.exports.formats import FILE_FORMATS
from app.storage.catalog.tables import Image
from tests.api.conftest import records_of
from tests.builders import eventually, ingest, settings_in
from tests.conftest import listening
from tests.rendering.exports.builders import READERS

NAMES = list(FILE_FORMATS)


def ask(library, well, accept=None, **parameters):
    headers = {"Accept-Encoding": "identity"} | ({"Accept": accept} if accept else {})
    return library.client.get(f"/images/{well.image_id}/export", params=parameters, headers=headers)


def told_as_json(library, well, **window):
    frames = library.client.get("/frames", params={"image_id": well.image_id, **window}).json()["frames"]
    pixels = np.array([frame["pixels"] for frame in frames], dtype=np.float32)
    return [frame["depth"] for frame in frames], pixels


@pytest.mark.parametrize("name", NAMES)
def test_a_whole_image_has_the_numbers_of_json(library, name):
    answer = ask(library, library.gappy, format=name)
    assert answer.status_code == 200
    assert answer.headers["content-type"].partition(";")[0] == FILE_FORMATS[name].media_type
    assert answer.headers["content-disposition"] == f'attachment; filename="gappy.{name}"'
    assert answer.headers["x-row-count"] == "3000"
    depths, values, _ = READERS[name](answer.content)
    told_depths, told_values = told_as_json(library, library.gappy)
    assert np.isnan(values).any()
    np.testing.assert_array_equal(values, told_values)
    if depths is not None:
        assert depths.tolist() == told_depths


@pytest.mark.parametrize("name", NAMES)
def test_a_range_counts_both_its_ends(library, name):
    window = {"depth_min": library.gappy.depths[700], "depth_max": library.gappy.depths[1990]}
    values = READERS[name](ask(library, library.gappy, format=name, **window).content)[1]
    np.testing.assert_array_equal(values, told_as_json(library, library.gappy, **window)[1])
    assert len(values) == 1291


@pytest.mark.parametrize("name", NAMES)
def test_frames_write_the_same_files(library, name):
    window = {"depth_min": library.whole.depths[300], "depth_max": library.whole.depths[700]}
    query = {"image_id": library.whole.image_id, "format": name, **window}
    frames = READERS[name](library.client.get("/frames", params=query).content)
    exported = READERS[name](ask(library, library.whole, format=name, **window).content)
    np.testing.assert_array_equal(frames[1], exported[1])
    assert frames[2] == exported[2]


def test_more_rows_than_frames_give_are_exported(library, settings_of_library):
    settings_of_library(max_rows=100)
    assert library.client.get("/frames?image_id=1&format=npy").status_code == 413
    assert np.load(io.BytesIO(ask(library, library.whole, format="npy").content)).shape == (5460, 150)


@pytest.mark.parametrize("name", ["npy", "tiff"])
def test_a_file_whose_length_is_known_says_it(library, name):
    answer = ask(library, library.whole, format=name)
    assert int(answer.headers["content-length"]) == len(answer.content)


def test_without_a_format_accept_decides_and_csv_is_usual(library):
    for accept, media_type in [
        (None, "text/csv"),
        ("*/*", "text/csv"),
        ("application/vnd.apache.parquet", "application/vnd.apache.parquet"),
        ("image/tiff;q=0.5, text/x-las", "text/x-las"),
    ]:
        answer = ask(library, library.gappy, accept=accept, depth_max=library.gappy.depths[2])
        assert answer.headers["content-type"].partition(";")[0] == media_type
    answer = ask(library, library.gappy, accept="text/csv", format="npy")
    assert answer.headers["content-type"] == "application/x-npy"


def test_what_cannot_be_given_is_told_with_what_can(library):
    answer = ask(library, library.whole, accept="application/json")
    assert (answer.status_code, answer.json()["code"]) == (406, "format_not_offered")
    assert list(answer.json()["formats"].values()) == NAMES
    assert ask(library, library.whole, format="xlsx").status_code == 422
    assert ask(library, library.whole, depth_min=1).status_code == 200
    assert ask(library, library.whole, depth_max=1).json()["code"] == "depth_range_empty"
    assert ask(library, library.whole, depth_min="nan").status_code == 422
    assert library.client.get("/images/999/export").json()["code"] == "image_not_found"


def test_what_is_still_right_is_not_sent_again(library):
    tag = ask(library, library.whole, format="npy").headers["etag"]
    url = f"/images/{library.whole.image_id}/export?format="
    assert library.client.get(url + "npy", headers={"If-None-Match": tag}).status_code == 304
    assert library.client.get(url + "csv", headers={"If-None-Match": tag}).status_code == 200


def test_what_is_said_of_an_image_later_is_in_its_next_files(running):
    def file(path, tag=""):
        return httpx2.get(running.address + path, headers={"If-None-Match": tag})

    paths = [f"/images/{running.image_id}/export?format=npz&depth_max=5"]
    paths.append(f"/frames?image_id={running.image_id}&format=npz&depth_max=5")
    before = [file(path) for path in paths]
    url = f"{running.address}/images/{running.image_id}"
    assert httpx2.patch(url, json={"well": "P11-A-02"}).status_code == 200
    for path, old in zip(paths, before, strict=True):
        after = file(path, old.headers["etag"])
        assert after.status_code == 200
        assert READERS["npz"](after.content)[2]["well"] == "P11-A-02"
        assert file(path, after.headers["etag"]).status_code == 304


def test_head_tells_of_the_file_and_reads_nothing(library, monkeypatch):
    def refuse(*arguments):
        raise AssertionError("rows were read")

    url = f"/images/{library.whole.image_id}/export?format=tiff"
    expected = ask(library, library.whole, format="tiff").headers
    monkeypatch.setattr(library.client.app.state.services.reader, "rows_once", refuse)
    answer = library.client.head(url)
    assert (answer.status_code, answer.content) == (200, b"")
    for name in ("content-length", "content-disposition", "etag", "x-depth-min", "content-type"):
        assert answer.headers[name] == expected[name]


def test_exports_leave_the_cache_to_the_frames(library):
    cache = library.client.app.state.services.reader.cache
    ask(library, library.gappy, format="csv")
    held = cache.held_bytes
    ask(library, library.whole, format="csv")
    assert cache.held_bytes <= held + library.whole.depths.nbytes + 1000


def test_who_takes_gzip_gets_it(library):
    url = f"/images/{library.whole.image_id}/export?format=csv"
    with library.client.stream("GET", url, headers={"Accept-Encoding": "gzip"}) as answer:
        packed = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed) == ask(library, library.whole).content


def test_a_third_export_is_asked_to_come_again(library):
    slots = library.client.app.state.services.exports
    with slots.one(), slots.one():
        answer = ask(library, library.whole)
        assert (answer.status_code, answer.json()["code"]) == (503, "too_many_exports")
        assert int(answer.headers["retry-after"]) > 0
        assert library.client.head(f"/images/{library.whole.image_id}/export").status_code == 200
    assert ask(library, library.whole, format="npy").status_code == 200
    assert slots.free == 2


def test_a_storage_that_fails_before_the_first_row_is_a_problem_like_any_other(library, monkeypatch):
    def fail(*arguments):
        raise StorageUnavailable("the disk is gone")

    monkeypatch.setattr(library.client.app.state.services.reader, "rows_once", fail)
    answer = ask(library, library.whole, format="parquet")
    assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
    assert library.client.app.state.services.exports.free == 2


class Download:
    """An export asked for over a socket, and read as slowly as a test wants."""

    def __init__(self, address: str, path: str) -> None:
        host, port = address.removeprefix("http://").split(":")
        self.socket = socket.create_connection((host, int(port)), timeout=20)
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        self.head = b""
        while b"\r\n\r\n" not in self.head:
            self.head += self.socket.recv(512)

    def rest(self) -> bytes:
        parts = []
        while part := self.socket.recv(65536):
            parts.append(part)
        self.socket.close()
        return b"".join(parts)


@dataclass(frozen=True)
class Running:
    """A server on a port of its own, and the image it has, too long for the buffers of a socket."""

    address: str
    services: Services
    image_id: int


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    settings = settings_in(tmp_path_factory.mktemp("exports"), pipeline_autostart=False)
    place = Workplace.open(settings)
    values = np.random.default_rng(0).random((20_000, 200)).round(4)
    table = np.column_stack([np.arange(20_000) / 10, values])
    text = orjson.dumps(table, option=orjson.OPT_SERIALIZE_NUMPY).strip(b"[]").replace(b"],[", b"\n")
    place.folders.ensure()
    file = place.folders.data / "long.csv"
    file.write_bytes(",".join(["depth", *(f"c{column}" for column in range(200))]).encode() + b"\n" + text)
    job = ingest(place, file)
    assert job.state == "stored", job.message
    app = create_app(settings)
    with TestClient(app, base_url="http://localhost"), listening(app) as address:
        yield Running(address, app.state.services, job.image_ids[0])
    place.catalog.close()


def is_broken(answer: bytes, head: bytes) -> bool:
    if b"transfer-encoding: chunked" in head.lower():
        return not answer.endswith(b"0\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    return len(answer) + len(head.partition(b"\r\n\r\n")[2]) < length


@pytest.fixture
def undeleted(running):
    yield
    with running.services.place.catalog.writing() as session:
        session.get_one(Image, running.image_id).deleted_at = None


@pytest.fixture
def small_groups(monkeypatch):
    """Parquet sends nothing before its first row group is whole."""
    monkeypatch.setattr(parquet, "GROUP_ROWS", 2048)


@pytest.mark.usefixtures("undeleted", "small_groups")
@pytest.mark.parametrize("name", ["csv", "npz", "parquet", "tiff"])
def test_an_image_deleted_meanwhile_breaks_the_connection(running, name):
    services = running.services
    download = Download(running.address, f"/images/{running.image_id}/export?format={name}")
    with records_of("borehole.api") as records:
        services.place.images.delete(running.image_id, time.time())
        services.known_images.forget(running.image_id)
        assert is_broken(download.rest(), download.head)
        eventually(lambda: services.exports.free == 2, "the slot is free")
    assert "broke off after" in records[0].getMessage()
    assert "no image" in records[0].getMessage()


@pytest.mark.usefixtures("small_groups")
@pytest.mark.parametrize("name", ["csv", "parquet", "tiff"])
def test_a_storage_that_fails_meanwhile_breaks_the_connection(running, monkeypatch, name):
    reader = running.services.reader
    read = reader.rows_once

    def fail_later(image_id, level, start, stop):
        if start >= 18_000:
            raise StorageUnavailable("the disk is gone")
        return read(image_id, level, start, stop)

    monkeypatch.setattr(reader, "rows_once", fail_later)
    download = Download(running.address, f"/images/{running.image_id}/export?format={name}")
    assert is_broken(download.rest(), download.head)
    eventually(lambda: running.services.exports.free == 2, "the slot is free")


@pytest.mark.usefixtures("small_groups")
@pytest.mark.parametrize("name", ["csv", "parquet", "npz"])
def test_who_goes_away_is_read_for_no_more(running, monkeypatch, name):
    services = running.services
    read = services.reader.rows_once
    asked: list[int] = []

    def noted(image_id, level, start, stop):
        asked.append(start)
        return read(image_id, level, start, stop)

    monkeypatch.setattr(services.reader, "rows_once", noted)
    download = Download(running.address, f"/images/{running.image_id}/export?format={name}")
    download.socket.close()
    eventually(lambda: services.exports.free == 2, "the slot is free")
    assert len(asked) < 20_000 // exports.BLOCK_ROWS
