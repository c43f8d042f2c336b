"""/images/{id}/statistics: figures of a range of any length."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from app.api import statistics
from tests.api.test_frames import numbers, pixels
from tests.builders import ingest, write_csv


def figures(library, image_id=1, **query):
    response = library.client.get(f"/images/{image_id}/statistics", params=query)
    assert response.status_code == 200, response.text
    return response.json()


@pytest.fixture(params=[8192, 100], ids=["one piece", "many pieces"])
def pieces(request, monkeypatch):
    monkeypatch.setattr(statistics, "PIECE_ROWS", request.param)


@pytest.mark.usefixtures("pieces")
@pytest.mark.parametrize("ends", [(0, 2999), (1700, 1900), (50, 50)])
def test_figures_are_those_of_the_rows_in_the_range(library, ends):
    top, bottom = (library.gappy.depths[end] for end in ends)
    query = {"image_id": 2, "depth_min": top, "depth_max": bottom}
    values = pixels(numbers(library, **query)).astype(float)
    found = figures(library, **query)
    assert (found["image_id"], found["depth_min"], found["depth_max"]) == (2, top, bottom)
    assert found["rows"] == len(values)
    assert found["value_count"] == np.isfinite(values).sum()
    assert found["null_count"] == np.isnan(values).sum()
    assert found["null_fraction"] == pytest.approx(np.isnan(values).mean())
    assert (found["minimum"], found["maximum"]) == (np.nanmin(values), np.nanmax(values))
    assert found["mean"] == pytest.approx(np.nanmean(values))
    assert found["standard_deviation"] == pytest.approx(np.nanstd(values))
    expected = np.nanpercentile(values, [int(share) for share in found["percentiles"]])
    np.testing.assert_allclose(list(found["percentiles"].values()), expected, rtol=0.003, atol=0.05)


def test_the_whole_image_agrees_with_what_was_stored_of_it(library):
    found = figures(library)
    stored = library.client.get("/images/1").json()["statistics"]
    for name in ("rows", "null_count", "minimum", "maximum", "mean", "standard_deviation"):
        assert found[name] == pytest.approx(stored[name], rel=1e-12)
    assert found["percentiles"] == pytest.approx(stored["percentiles"])


def test_more_rows_than_an_answer_holds_are_no_hindrance(library, settings_of_library):
    settings_of_library(max_rows=10)
    assert figures(library)["rows"] == 5460


def test_rows_that_are_read_for_it_drive_nothing_out_of_memory(library):
    cache = library.client.app.state.services.reader.cache
    before = set(cache._blocks)
    figures(library)
    assert {key for key in set(cache._blocks) - before if len(key) == 3 and key[1] == 0} == set()


def test_the_same_question_is_304(library):
    url = "/images/1/statistics?depth_min=9100&depth_max=9200"
    tag = library.client.get(url).headers["etag"]
    again = library.client.get(url, headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    assert library.client.get("/images/1/statistics").headers["etag"] != tag


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/images/9/statistics", 404, "image_not_found"),
        ("/images/1/statistics?depth_min=9600", 404, "depth_range_empty"),
        ("/images/1/statistics?depth_min=9300&depth_max=9200", 422, "invalid_parameter"),
        ("/images/1/statistics?depth_min=nan", 422, "invalid_parameter"),
        ("/images/1/statistics?depth=1", 422, "invalid_parameter"),
    ],
)
def test_what_cannot_be_told_is_refused(library, path, status, code):
    response = library.client.get(path)
    assert (response.status_code, response.json()["code"]) == (status, code)


def test_an_image_of_nulls_has_no_figures(place, client, settings, tmp_path):
    job = ingest(place, write_csv(tmp_path / "nulls.csv", np.arange(3.0), np.full((3, 200), np.nan)))
    found = client.get(f"/images/{job.image_ids[0]}/statistics").json()
    assert (found["value_count"], found["null_fraction"], found["percentiles"]) == (0, 1.0, {})
    assert found["minimum"] is found["mean"] is found["standard_deviation"] is None


def test_who_does_not_wait_for_the_answer_is_not_worked_for(library, monkeypatch):
    """A client that is gone after the first piece: the second is not read."""
    services = library.client.app.state.services
    reads = []
    monkeypatch.setattr(statistics, "PIECE_ROWS", 100)
    rows_once = services.reader.rows_once
    monkeypatch.setattr(services.reader, "rows_once", lambda *rows: reads.append(rows) or rows_once(*rows))

    class Gone:
        async def is_disconnected(self) -> bool:
            return bool(reads)

    async def ask():
        return await statistics._statistics(Gone(), services, 1, statistics.RowRange(0, 1000))

    assert asyncio.run(ask()) is None
    assert len(reads) == 1
