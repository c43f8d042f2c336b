"""What is said of images: listed, searched, changed."""

from __future__ import annotations

import json

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.storage.catalog.tables import EventKind
from tests.builders import image_rows, ingest, sectors, settings_in, write_csv, write_las


@pytest.fixture
def client(place, tmp_path):
    """Two images of one LAS file, 1 and 2, and one of a CSV file that nothing is said of, 3."""
    depths, pixels = image_rows(20, width=12)
    curves = sectors("ABDC", pixels) | sectors("GRAS", pixels[:, :8], first=0, unit="API")
    ingest(place, write_las(tmp_path / "a.las", depths, curves, well="Well 7", parameters=" RUN. 2 : run\n"))
    ingest(place, write_csv(tmp_path / "b.csv", *image_rows(20)))
    app = create_app(settings_in(tmp_path, pipeline_autostart=False))
    with TestClient(app, base_url="http://localhost") as opened:
        yield opened


def found(client, **parameters):
    answer = client.get("/images", params=parameters).json()
    return [image["image_id"] for image in answer["images"]]


def test_it_is_listed_and_told_in_full(client):
    first = client.get("/images").json()["images"][0]
    assert (first["channel"], first["well"], first["run"], first["unit"]) == ("ABDC", "Well 7", "2", "g/cc")
    details = client.get("/images/2").json()
    assert details["other"] == {"curves": "GRAS0M … GRAS7M", "description": "a curve"}
    assert details["resampling"] == {"source_width": 8, "width": 150, "mode": "zoom"}


@pytest.mark.parametrize(
    ("asked", "ids"),
    [
        ({"search": "abd"}, [1]),
        ({"search": "well 7"}, [1, 2]),
        ({"search": "API"}, [2]),
        ({"search": "b.csv"}, [3]),
        ({"search": "gras0m …"}, [2]),
        ({"well": "Well 7"}, [1, 2]),
        ({"well": "well 7"}, []),
        ({"well": "Well 7", "search": "gras"}, [2]),
        ({"tool": "FMI"}, []),
        ({"uwi": ""}, []),
    ],
)
def test_it_can_be_searched_and_asked_for(client, asked, ids):
    assert found(client, **asked) == ids


def test_the_next_page_asks_for_the_same(client):
    page = client.get("/images", params={"well": "Well 7", "limit": 1}).json()
    assert page["total"] == 2
    following = client.get(page["next"]).json()
    assert [image["image_id"] for image in following["images"]] == [2]
    assert following["next"] is None


def test_a_change_counts_at_once_and_leaves_out_what_it_does_not_name(client, place):
    changed = client.patch("/images/1", json={"tool": " FMI ", "uwi": 42, "other": {"field": "Größe"}})
    assert changed.status_code == 200
    details = client.get("/images/1").json()
    assert changed.json() == details
    assert (details["tool"], details["uwi"], details["well"]) == ("FMI", "42", "Well 7")
    assert details["other"]["field"] == "Größe"
    assert details["other"]["description"] == "a curve"
    assert found(client, tool="FMI") == found(client, search="größe") == [1]
    described = json.loads(place.arrays.layout.description(1).read_text())
    assert (described["tool"], described["other"]) == ("FMI", details["other"])


def test_null_takes_away(client):
    details = client.patch("/images/1", json={"well": None, "other": {"curves": None}}).json()
    assert (details["well"], details["other"]) == (None, {"description": "a curve"})


def test_a_change_is_announced_and_no_picture_changes(client, place):
    before = client.get("/frames/image?image_id=1")
    latest = place.events.latest()
    version = client.get("/images/1").json()["version"]
    client.patch("/images/1", json={"unit": "g/cm3"})
    of_images = [event.data for event in place.events.after(latest) if event.kind == EventKind.IMAGE]
    assert of_images == [{"image_id": 1, "change": "changed"}]
    after = client.get("/frames/image?image_id=1")
    assert (after.headers["etag"], after.content) == (before.headers["etag"], before.content)
    assert client.get("/images/1").json()["version"] == version


@pytest.mark.parametrize(
    "body",
    [
        {"name": "other.csv"},
        {"well": "x" * 201},
        {"well": "a\nb"},
        {"hole_diameter": 0},
        {"hole_diameter": "wide"},
        {"other": None},
        {"other": {"x": {"y": 1}}},
        {"other": {f"{number}": "x" for number in range(101)}},
        [],
    ],
)
def test_what_cannot_be_kept_is_refused_and_changes_nothing(client, body):
    before = client.get("/images/1").json()
    answer = client.patch("/images/1", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_parameter")
    assert client.get("/images/1").json() == before


def test_of_an_image_that_is_none_nothing_can_be_said(client):
    assert client.patch("/images/99", json={}).status_code == 404


def test_nobody_from_elsewhere_may_change_anything(client):
    answer = client.patch("/images/1", json={"well": "x"}, headers={"Origin": "http://elsewhere"})
    assert answer.status_code == 403
    assert client.get("/images/1").json()["well"] == "Well 7"


def test_where_the_description_cannot_be_written_nothing_changes(client, place, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("app.storage.arrays.local_store.os.fsync", full)
    assert client.patch("/images/1", json={"well": "x"}).status_code == 503
    assert client.get("/images/1").json()["well"] == "Well 7"
