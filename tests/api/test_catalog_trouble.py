"""The catalog is busy, its disk full, its file gone: changes are refused, and reading goes on if it can."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event

from app.main import create_app
from app.settings import Settings
from app.storage.catalog import engines
from app.storage.catalog.picks import Picks
from tests.builders import eventually, ingest, settings_in, tiny_csv

PICK = {"kind": "bed", "depth": 1.1, "amplitude": 0.1, "azimuth": 10.0, "hole_diameter": 0.2}


@pytest.fixture
def stored(idle_server: Any, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """A server with one image, which waits a fifth of a second for others."""
    monkeypatch.setattr(engines, "BUSY_SECONDS", 0.2)
    client: TestClient = idle_server()
    place = client.app.state.services.place
    ingest(place, tiny_csv(place.folders.data.parent / "x.csv"))
    return client


@contextmanager
def locked(settings: Settings) -> Iterator[None]:
    """Another process holds the write lock."""
    connection = sqlite3.connect(settings.db_dir / "catalog.sqlite", isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    yield
    connection.close()


@contextmanager
def full(client: TestClient) -> Iterator[None]:
    """SQLite may not have another page, and says what it says of a full disk."""
    engine = client.app.state.services.place.catalog.engine

    def limit(connection: Any, *_: object) -> None:
        connection.execute("PRAGMA max_page_count=1")  # no less than there are

    def free(connection: Any, *_: object) -> None:
        connection.execute("PRAGMA max_page_count=1073741823")

    event.listen(engine, "checkout", limit)
    yield
    event.remove(engine, "checkout", limit)
    event.listen(engine, "checkout", free)


def settings_of(client: TestClient) -> Settings:
    return client.app.state.services.settings


def reading_goes_on(client: TestClient) -> None:
    for path in ("/images", "/images/1", "/images/1/picks", "/frames?image_id=1", "/frames/image?image_id=1"):
        assert client.get(path).status_code == 200, path


def refused(answer: Any) -> bool:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    assert (answer.status_code, answer.json()["code"]) == (503, "catalog_unavailable")
    assert answer.headers["retry-after"] == "5"
    return True


def test_while_another_process_holds_the_lock_changes_are_refused_and_reading_goes_on(stored):
    with locked(settings_of(stored)):
        assert refused(stored.post("/images/1/picks", json=PICK))
        assert refused(stored.delete("/images/1"))
        assert refused(stored.post("/pipeline/scan"))
        reading_goes_on(stored)
    assert stored.post("/images/1/picks", json=PICK).status_code == 201


def test_many_who_wait_to_write_leave_room_for_those_who_read(idle_server, monkeypatch):
    """More than there are connections."""
    monkeypatch.setattr(engines, "BUSY_SECONDS", 5.0)
    client = idle_server()
    place = client.app.state.services.place
    ingest(place, tiny_csv(place.folders.data.parent / "x.csv"))
    waiting, answers = threading.Semaphore(0), []
    add = Picks.add

    def add_and_tell(*arguments: Any) -> Any:
        waiting.release()
        return add(*arguments)

    monkeypatch.setattr(Picks, "add", add_and_tell)
    writers = [
        threading.Thread(target=lambda: answers.append(client.post("/images/1/picks", json=PICK).status_code))
        for _ in range(25)
    ]
    with locked(place.settings):
        for writer in writers:
            writer.start()
        for _ in writers:
            assert waiting.acquire(timeout=20.0)
        began = time.monotonic()
        reading_goes_on(client)
        assert time.monotonic() - began < 3.0
    for writer in writers:
        writer.join(60)
    assert set(answers) <= {201, 503} and len(answers) == 25


def test_on_a_full_disk_changes_are_refused_and_reading_goes_on(stored):
    with full(stored):
        eventually(
            lambda: stored.post("/images/1/picks", json=PICK).status_code == 503, "the last page is full"
        )
        assert refused(stored.post("/images/1/picks", json=PICK))
        reading_goes_on(stored)
    kept = stored.get("/images/1/picks").json()["total"]
    assert stored.post("/images/1/picks", json=PICK).status_code == 201
    assert stored.get("/images/1/picks").json()["total"] == kept + 1


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 24 MB of its own."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("mounting a small file system needs root: " + mounted.stderr.decode().strip())
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.skipif(shutil.which("mount") is None, reason="there is no mount here")
def test_a_disk_that_is_really_full_costs_nothing_once_there_is_room(small_disk, tmp_path):
    settings = settings_in(tmp_path, db_dir=small_disk / "db", pipeline_autostart=True)
    filler = small_disk / "filler"
    with TestClient(create_app(settings), base_url="http://localhost") as client:
        tiny_csv(settings.data_dir / "x.csv")
        eventually(lambda: client.get("/images").json()["total"] == 1, "the file is stored")
        with filler.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space left"):
            while True:
                file.write(bytes(4096))
        eventually(
            lambda: client.post("/images/1/picks", json=PICK).status_code == 503, "the journal is full"
        )
        tiny_csv(settings.data_dir / "y.csv", 2.0)
        eventually(lambda: client.get("/health").status_code == 503, "the server says so")
        reading_goes_on(client)
        assert "No space left" not in client.get("/images").text
        filler.unlink()
        eventually(
            lambda: client.get("/images").json()["total"] == 2, "the other file is stored", seconds=60.0
        )
        assert client.post("/images/1/picks", json=PICK).status_code == 201


def test_a_store_removed_underneath_is_told_and_nothing_is_written_into_the_void(stored, tmp_path):
    db = settings_of(stored).db_dir
    shutil.rmtree(db)
    assert refused(stored.get("/images"))
    assert refused(stored.post("/images/1/picks", json=PICK))
    health = stored.get("/health")
    assert health.status_code == 503
    assert health.json()["checks"]["catalog"] == "the catalog does not answer"
    assert not (db / "catalog.sqlite").exists()


def test_a_catalog_put_in_the_others_place_is_not_mistaken_for_it(stored, tmp_path):
    file = settings_of(stored).db_dir / "catalog.sqlite"
    other = shutil.copy(file, tmp_path / "other.sqlite")
    Path(other).replace(file)
    assert refused(stored.get("/images"))


def test_files_dropped_while_the_store_is_gone_are_kept_for_the_next_server(settings):
    """None is taken: what would become of it could not be recorded."""
    with TestClient(create_app(settings), base_url="http://localhost") as client:
        eventually(lambda: client.get("/pipeline/status").json()["running"], "the pipeline runs")
        aside = settings.db_dir.rename(settings.db_dir.with_name("aside"))
        tiny_csv(settings.data_dir / "x.csv")
        eventually(lambda: client.get("/health").status_code == 503, "the server says so")
    assert [path.name for path in settings.data_dir.glob("**/*.csv")] == ["x.csv"]
    shutil.rmtree(settings.db_dir, ignore_errors=True)
    aside.rename(settings.db_dir)
    with TestClient(create_app(settings), base_url="http://localhost") as client:
        eventually(lambda: client.get("/images").json()["total"] == 1, "the file is stored")
