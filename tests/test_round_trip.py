"""What is exported can be ingested again, and is the same image."""

from __future__ import annotations

import numpy as np
import pytest
from fastapi.testclient import TestClient

from app.ingestion.resampling import Resampler
from app.main import create_app
from app.pipeline.workplace import Workplace
from tests.builders import image_rows, ingest, settings_in, write_csv
from tests.rendering.exports.builders import READERS

READABLE = ["csv", "las", "parquet", "npz"]


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A server with an image whose values are of every kind, and with nulls."""
    settings = settings_in(tmp_path_factory.mktemp("original"), pipeline_autostart=False, depth_unit="m")
    place = Workplace.open(settings)
    place.folders.ensure()
    depths, pixels = image_rows(1500, seed=3, pad_gaps=True)
    pixels = np.where(np.arange(1500)[:, np.newaxis] % 3, pixels / 7e5, pixels * 3e6)
    pixels[700] = np.nan
    depths[900:] += 25.0
    job = ingest(place, write_csv(place.folders.data / "first.csv", depths, pixels))
    assert job.state == "stored", job.message
    with TestClient(create_app(settings), base_url="http://localhost") as client:
        yield client
    place.catalog.close()


def exported(client, name):
    return client.get(f"/images/1/export?format={name}", headers={"Accept-Encoding": "identity"}).content


@pytest.mark.parametrize("mode", ["zoom", "wrap"])
@pytest.mark.parametrize("name", READABLE)
def test_an_image_comes_back_to_the_last_bit(original, tmp_path, name, mode):
    depths, values, _ = READERS["npz"](exported(original, "npz"))
    settings = settings_in(tmp_path, pipeline_autostart=False, source_width="any", resize_mode=mode)
    place = Workplace.open(settings)
    place.folders.ensure()
    file = place.folders.data / f"again.{name}"
    file.write_bytes(exported(original, name))
    job = ingest(place, file)
    assert job.state == "stored", job.message
    with TestClient(create_app(settings), base_url="http://localhost") as client:
        told_depths, told_values, _ = READERS["npz"](exported(client, "npz"))
        assert exported(client, "csv") == exported(original, "csv")
    place.catalog.close()
    assert np.isnan(values).any()
    assert told_depths.tolist() == depths.tolist()
    assert told_values.tobytes() == values.tobytes()


@pytest.mark.parametrize("mode", ["zoom", "wrap"])
def test_a_row_that_is_as_wide_as_it_is_stored_is_stored_as_it_is(mode):
    numbers = np.random.default_rng(0)
    pixels = numbers.normal(0, 1, (700, 150)) * 10.0 ** numbers.integers(-30, 30, (700, 150))
    pixels[numbers.random((700, 150)) < 0.3] = np.nan
    pixels[5] = np.nan
    np.testing.assert_array_equal(Resampler(150, 150, mode)(pixels), pixels)
