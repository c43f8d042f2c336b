"""A store of another width than 150: rows as wide as that are kept as they are."""

from __future__ import annotations

import io

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from app.main import create_app
from app.pipeline.workplace import Workplace
from tests.builders import image_rows, ingest, settings_in, write_csv

ROWS = 1200


@pytest.fixture(params=[200, 16, 360])
def width(request) -> int:
    return request.param


def test_rows_of_that_width_are_stored_as_they_are_and_come_out_so(tmp_path, width):
    settings = settings_in(
        tmp_path, pixel_width=width, source_width=width, rounding="none", pipeline_autostart=False
    )
    depths, pixels = image_rows(ROWS, width=width, seed=1)
    place = Workplace.open(settings)
    job = ingest(place, write_csv(tmp_path / "x.csv", depths, pixels.round(2)))
    assert job.state == "stored", job.message
    place.catalog.close()
    expected = pixels.round(2).astype(np.float32)
    with TestClient(create_app(settings), base_url="http://localhost") as client:
        assert client.get("/images/1").json()["width"] == width
        exported = client.get("/images/1/export", params={"format": "npy"})
        np.testing.assert_array_equal(np.load(io.BytesIO(exported.content)), expected)
        frames = client.get("/frames", params={"image_id": 1}).json()
        assert frames["width"] == width
        assert frames["frames"][700]["pixels"] == pytest.approx(expected[700].tolist())
        picture = Image.open(io.BytesIO(client.get("/frames/image", params={"image_id": 1}).content))
        assert picture.size == (width, ROWS)
        tile = Image.open(io.BytesIO(client.get("/images/1/tiles/1/0.png").content))
        assert tile.size == (width, ROWS // 4)


def test_a_store_has_one_width_and_a_server_of_another_does_not_start_on_it(tmp_path):
    place = Workplace.open(settings_in(tmp_path))
    ingest(place, write_csv(tmp_path / "x.csv", *image_rows(10)))
    place.catalog.close()
    with pytest.raises(RuntimeError, match=r"rows of 150 pixels, and BOREHOLE_PIXEL_WIDTH=200"):
        Workplace.open(settings_in(tmp_path, pixel_width=200))
    Workplace.open(settings_in(tmp_path)).catalog.close()
