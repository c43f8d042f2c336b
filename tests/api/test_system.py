"""/stats and /health."""

from __future__ import annotations

import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from app import __version__
from app.api import system
from app.errors import CatalogUnavailable, StorageUnavailable
from app.pipeline.control import PipelineControl
from app.storage.arrays.local_store import LocalStore
from app.storage.catalog.images import Images
from tests.builders import eventually
from tests.conftest import open_library


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    with open_library(tmp_path_factory.mktemp("library")) as opened:
        yield opened


Usage = namedtuple("Usage", "total used free")


def test_stats_say_what_is_stored_and_what_it_costs(library):
    stats = library.client.get("/stats").json()
    assert (stats["images"], stats["rows"], stats["pixels"]) == (2, 8460, 8460 * 150)
    assert stats["jobs"]["stored"] == 2
    assert stats["jobs"]["failed"] == 0
    assert stats["source_bytes"] > stats["pixels"]
    assert stats["bytes_per_pixel"] == round(stats["row_bytes"] / stats["pixels"], 3)
    with_overviews = (stats["row_bytes"] + stats["overview_bytes"]) / stats["pixels"]
    assert stats["bytes_per_pixel_with_overviews"] == round(with_overviews, 3)
    assert 0 < stats["bytes_per_pixel"] < 4
    assert stats["rgb_saving"] == 0.667
    assert stats["started_at"].endswith("Z")


def test_stats_count_what_the_cache_holds_and_spares(library):
    window = {"image_id": 1, "depth_min": 9201.9, "depth_max": 9210.3}
    library.client.get("/frames", params=window)
    before = library.client.get("/stats").json()["cache"]
    library.client.get("/frames", params=window)
    after = library.client.get("/stats").json()["cache"]
    assert after["hits"] > before["hits"]
    assert after["misses"] == before["misses"]
    assert 0 < after["held_bytes"] <= after["capacity_bytes"]


def test_an_empty_store_has_no_bytes_per_pixel(idle_server):
    stats = idle_server().get("/stats").json()
    assert stats["images"] == stats["pixels"] == 0
    assert stats["bytes_per_pixel"] is None
    assert stats["bytes_per_pixel_with_overviews"] is None


def test_live_says_that_the_process_answers(library):
    told = {"status": "ok", "version": __version__, "build": "unknown"}
    assert library.client.get("/health/live").json() == told


@pytest.mark.parametrize("path", ["/health", "/health/ready"])
def test_a_server_that_works_is_well(client, path):
    eventually(lambda: client.get("/pipeline/status").json()["running"], "the pipeline runs")
    response = client.get(path)
    assert response.status_code == 200
    assert response.json() == {
        "status": "ok",
        "version": __version__,
        "build": "unknown",
        "checks": dict.fromkeys(("catalog", "pipeline", "data_folder", "disk", "storage"), "ok"),
        "images": 0,
        "pipeline_running": True,
    }


def test_health_tells_what_was_built(idle_server):
    client = idle_server(build="4f0c2ab")
    assert [client.get(path).json()["build"] for path in ("/health", "/health/live")] == ["4f0c2ab"] * 2


def ailing(client) -> dict[str, str]:
    """The checks that fail; 503 if there are any."""
    response = client.get("/health")
    health = response.json()
    failing = {name: outcome for name, outcome in health["checks"].items() if outcome != "ok"}
    assert (response.status_code, health["status"]) == ((503, "failing") if failing else (200, "ok"))
    return failing


def test_a_catalog_that_does_not_answer_is_told(library, monkeypatch):
    def fail(images: Images) -> None:
        raise CatalogUnavailable("secret")

    monkeypatch.setattr(Images, "totals", fail)
    assert ailing(library.client) == {"catalog": "the catalog does not answer"}


def test_a_data_folder_that_is_gone_is_told(library):
    folder = library.place.settings.data_dir
    away = folder.rename(folder.with_name("away"))
    try:
        assert ailing(library.client) == {"data_folder": f"{folder} is not there"}
        folder.write_text("a file in its place")
        assert ailing(library.client) == {"data_folder": f"{folder} is not there"}
    finally:
        folder.unlink(missing_ok=True)
        away.rename(folder)
    assert ailing(library.client) == {}


def test_a_data_folder_that_cannot_be_looked_at_is_told(library, monkeypatch):
    def fail(path: Path) -> bool:
        raise OSError(116, "Stale file handle")

    monkeypatch.setattr(Path, "is_dir", fail)
    assert "Stale file handle" in ailing(library.client)["data_folder"]


def test_a_disk_that_is_nearly_full_is_told(library, monkeypatch):
    def disk_usage(folder: Path) -> Usage:
        assert folder == library.place.settings.db_dir
        return Usage(2**40, 2**40, free)

    monkeypatch.setattr(shutil, "disk_usage", disk_usage)
    free = system.LEAST_FREE_BYTES
    assert ailing(library.client) == {}
    free -= 2**20
    assert ailing(library.client) == {"disk": "only 255 MiB are free"}


def test_arrays_that_do_not_answer_are_told(library, monkeypatch):
    def fail(store: LocalStore) -> None:
        raise StorageUnavailable("secret")

    monkeypatch.setattr(LocalStore, "check", fail)
    assert ailing(library.client) == {"storage": "the arrays' storage does not answer"}


def test_a_disk_that_is_away_is_told(library, monkeypatch):
    def fail(folder: Path) -> Usage:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(shutil, "disk_usage", fail)
    assert "Input/output error" in ailing(library.client)["disk"]


def test_a_pipeline_that_nobody_hosts_is_told_once_it_had_time_to_start(library, monkeypatch):
    board = library.place.board.read()
    eventually(lambda: library.client.get("/pipeline/status").json()["host"], "a host reports")
    board = library.place.board.read()
    monkeypatch.setattr("app.pipeline.control.SILENT_SECONDS", -1e9)
    monkeypatch.setattr(system, "SECONDS_TO_START", 1e9)
    assert ailing(library.client) == {}
    monkeypatch.setattr(system, "SECONDS_TO_START", -1.0)
    assert ailing(library.client) == {"pipeline": "no process hosts the pipeline"}
    assert board.host


def test_what_troubles_the_pipeline_is_told(library, monkeypatch):
    original = PipelineControl.status

    def troubled(control: PipelineControl):
        status = original(control)
        status.board.trouble = "the disk is full"
        return status

    monkeypatch.setattr(PipelineControl, "status", troubled)
    assert ailing(library.client) == {"pipeline": "the disk is full"}
