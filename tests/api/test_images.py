"""/images: listing, details, deleting."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from fastapi.testclient import TestClient

from app.api.images import ImageDetails
from app.main import create_app
from tests.builders import image_rows, ingest, settings_in, write_csv


@pytest.fixture
def shelf(tmp_path, place):
    """A server with three images of 20 rows, and a copy of the first one's file."""
    for seed, name in enumerate(("a.csv", "b.csv", "c.csv"), start=1):
        file = write_csv(tmp_path / name, *image_rows(20, seed=seed))
        if seed == 1:
            shutil.copy(file, tmp_path / "copy.csv")
        assert ingest(place, file).state == "stored"
    app = create_app(settings_in(tmp_path, pipeline_autostart=False))
    with TestClient(app, base_url="http://localhost") as client:
        yield client


def test_images_are_listed_with_their_depth_ranges(library):
    listing = library.client.get("/images").json()
    assert (listing["total"], listing["next"]) == (2, None)
    whole, gappy = listing["images"]
    created_at = whole.pop("created_at")
    assert created_at.endswith("Z")
    assert whole == {
        "image_id": 1,
        "name": "challenge.csv",
        "channel": "",
        "rows": 5460,
        "width": 150,
        "depth_min": 9000.1,
        "depth_max": 9546.0,
        "depth_unit": None,
        "step": 0.1,
        **dict.fromkeys(["well", "uwi", "tool", "run", "unit", "hole_diameter"]),
    }
    assert (gappy["name"], gappy["depth_max"]) == ("gappy.csv", library.gappy.depths[-1])


def test_pages_follow_each_other_by_next_and_hold_every_image_once(shelf):
    pages, url = [], "/images?limit=2"
    while url:
        page = shelf.get(url).json()
        assert page["total"] == 3
        pages.append([image["name"] for image in page["images"]])
        url = page["next"]
    assert pages == [["a.csv", "b.csv"], ["c.csv"]]
    assert shelf.get("/images?limit=3").json()["next"] is None, "nothing follows a page that was just filled"
    assert shelf.get("/images?after=2147483648").json()["images"] == []


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=few", "after=-1", "after=1e3"])
def test_a_page_that_cannot_be_is_422(library, query):
    assert library.client.get(f"/images?{query}").json()["code"] == "invalid_parameter"


def test_details_say_what_is_known_of_an_image(library):
    details = library.client.get("/images/1").json()
    assert details["source_width"] == 200
    assert details["display_range"] == [0, 255]
    assert len(details["sha256"]) == 64
    assert (details["descending"], details["dropped_rows"], details["levels"]) == (False, 0, 2)
    statistics = details["statistics"]
    assert statistics["source_variance"] == pytest.approx(np.var(library.whole.pixels), rel=1e-6)
    ratio = statistics["stored_variance"] / statistics["source_variance"]
    assert statistics["variance_ratio"] == pytest.approx(ratio)
    assert ratio == pytest.approx(1, abs=0.1)
    disk = details["disk"]
    assert disk["bytes_per_pixel"] == round(disk["row_bytes"] / 5460 / 150, 3)
    with_overviews = round((disk["row_bytes"] + disk["overview_bytes"]) / 5460 / 150, 3)
    assert disk["bytes_per_pixel_with_overviews"] == with_overviews
    low, high = statistics["histogram_edges"]
    assert low <= 0
    assert high >= 255
    beyond = statistics["histogram_below"] + statistics["histogram_above"]
    assert sum(statistics["histogram"]) + beyond == 5460 * 150


def test_the_histogram_of_an_image_stored_by_an_early_build_has_its_edges(library):
    image = library.place.images.get(1)
    image.statistics = {
        name: figure for name, figure in image.statistics.items() if not name.startswith("histogram_")
    }
    statistics = ImageDetails.of(image).statistics
    assert statistics["histogram_edges"] == [statistics["minimum"], statistics["maximum"]]
    assert statistics["histogram_below"] == statistics["histogram_above"] == 0


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("image_id", [0, -7, 99, 2**63, 10**40])
def test_an_unknown_image_is_404(library, method, image_id):
    response = library.client.request(method, f"/images/{image_id}")
    assert (response.status_code, response.json()["code"]) == (404, "image_not_found")


def test_an_id_that_is_none_is_422(library):
    assert library.client.get("/images/first").json()["code"] == "invalid_parameter"


def test_a_deleted_image_is_gone_at_once_and_its_id_is_never_used_again(shelf, tmp_path, place):
    assert shelf.get("/frames?image_id=1").status_code == 200
    tag = shelf.get("/frames/image?image_id=1").headers["etag"]
    response = shelf.delete("/images/1")
    assert (response.status_code, response.content) == (204, b"")
    for path in ("/images/1", "/frames?image_id=1", "/frames/image?image_id=1"):
        answer = shelf.get(path, headers={"If-None-Match": tag})
        assert (answer.status_code, answer.json()["code"]) == (404, "image_not_found"), path
    assert shelf.delete("/images/1").status_code == 404
    assert [image["image_id"] for image in shelf.get("/images").json()["images"]] == [2, 3]
    assert shelf.get("/stats").json()["images"] == 2

    again = ingest(place, tmp_path / "copy.csv")
    assert again.state == "stored", "its content may come again"
    assert again.image_ids[0] > 3
    assert shelf.get(f"/images/{again.image_ids[0]}").json()["name"] == "copy.csv"
