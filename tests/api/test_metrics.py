"""/metrics: what Prometheus is told, by one process and by several."""

from __future__ import annotations

import shutil

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from app import __version__
from app.errors import CatalogUnavailable
from app.storage.catalog.images import Images
from tests.builders import eventually
from tests.conftest import open_library
from tests.viewer.server import Server

WINDOW = "/frames/image?image_id=1&depth_min=9201.9&depth_max=9210.3"


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    with open_library(tmp_path_factory.mktemp("library"), answer_cache_bytes=2**20) as opened:
        yield opened


def figures(answer) -> dict[tuple[str, ...], float]:
    """(name, label=value, …) → value"""
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {
        (sample.name, *(f"{name}={value}" for name, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def requests(found, route, status=200, method="GET"):
    key = ("borehole_http_requests_total", f"method={method}", f"route={route}", f"status={status}")
    return found.get(key, 0)


def test_requests_are_counted_by_route_and_status_wherever_they_were_answered(library):
    before = figures(library.client.get("/metrics"))
    for path in (
        WINDOW,
        WINDOW,  # from memory
        "/frames?image_id=1&depth_min=9201.9&depth_max=9210.3",
        "/frames/image?image_id=99",
        "/frames/image?image_id=x",
        "/images/1/tiles/0/0.png",
        "/images/1",
        "/no/such/page",
    ):
        library.client.get(path)
    after = figures(library.client.get("/metrics"))
    counted = {key: value - before.get(key, 0) for key, value in after.items()}
    assert requests(counted, "/frames/image") == 2
    assert requests(counted, "/frames") == 1
    assert requests(counted, "/frames/image", 404) == 1
    assert requests(counted, "/frames/image", 422) == 1
    assert requests(counted, "/images/{image_id}/tiles/{level}/{index}.png") == 1
    assert requests(counted, "/images/{image_id}") == 1
    assert requests(counted, "unmatched", 404) == 1
    assert counted["borehole_http_request_seconds_count", "route=/frames/image"] == 4
    assert 0 < counted["borehole_http_request_seconds_sum", "route=/frames/image"] < 60
    assert counted["borehole_answer_cache_hits_total",] == 1
    assert after["borehole_http_requests_in_flight",] == 1, "this one"


def test_blocks_found_in_memory_and_read_from_the_store_are_told_apart(library):
    library.client.get(WINDOW + "&invert=true")
    before = figures(library.client.get("/metrics"))
    library.client.get(WINDOW + "&colormap=false")
    after = figures(library.client.get("/metrics"))
    assert before["borehole_block_cache_misses_total",] > 0
    assert after["borehole_block_cache_misses_total",] == before["borehole_block_cache_misses_total",]
    assert after["borehole_block_cache_hits_total",] > before["borehole_block_cache_hits_total",]


def test_what_is_stored_and_how_the_pipeline_is(library):
    found = figures(library.client.get("/metrics"))
    stats = library.client.get("/stats").json()
    assert found["borehole_build_info", f"version={__version__}"] == 1
    assert found["borehole_images",] == 2
    assert found["borehole_image_rows",] == stats["rows"]
    assert found["borehole_stored_bytes", "kind=rows"] == stats["row_bytes"]
    assert found["borehole_jobs", "state=stored"] == 2
    assert found["borehole_jobs", "state=failed"] == 0
    assert found["borehole_queue_age_seconds",] == 0
    assert found["borehole_last_stored_timestamp_seconds",] > 1.7e9
    assert found["borehole_catalog_up",] == 1
    assert found["borehole_pipeline_trouble",] == 0
    free = shutil.disk_usage(library.place.settings.db_dir).free
    assert found["borehole_disk_free_bytes", "folder=db"] == pytest.approx(free, rel=0.2)


def test_a_watched_folder_says_how_and_a_waiting_file_how_long(client, place):
    def watched():
        found = figures(client.get("/metrics"))
        return found["borehole_pipeline_running",] == 1 and any(
            key[0] == "borehole_watcher_info" for key in found
        )

    eventually(watched, "the watcher is at work")
    client.post("/pipeline/stop")
    place.jobs.add("x.csv", 10, client.app.state.services.now() - 100, claim="waits", path=None)
    assert figures(client.get("/metrics"))["borehole_queue_age_seconds",] >= 100


def test_a_catalog_that_does_not_answer_is_a_figure_too(library, monkeypatch):
    def failing(*_):
        raise CatalogUnavailable("locked")

    monkeypatch.setattr(Images, "totals", failing)
    found = figures(library.client.get("/metrics"))
    assert found["borehole_catalog_up",] == 0
    assert ("borehole_images",) not in found
    assert ("borehole_disk_free_bytes", "folder=db") in found


def test_a_folder_that_went_away_has_no_free_bytes(library, settings_of_library):
    settings_of_library(data_dir=library.place.settings.data_dir / "gone")
    found = figures(library.client.get("/metrics"))
    assert ("borehole_disk_free_bytes", "folder=data") not in found


def test_several_workers_count_together_and_the_dead_are_not_busy(tmp_path):
    server = Server(tmp_path, workers=2, pipeline_autostart="false").start()
    try:
        for _ in range(20):  # a connection each: both workers get some
            httpx2.get(server.url + "/colormaps").raise_for_status()
        for _ in range(5):
            found = figures(httpx2.get(server.url + "/metrics"))
            assert requests(found, "/colormaps") == 20
            assert found["borehole_http_requests_in_flight",] == 1
            assert found["borehole_images",] == 0
    finally:
        server.stop()
