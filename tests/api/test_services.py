from __future__ import annotations

import pytest

from app.api.services import Services
from app.errors import ImageNotFound
from tests.builders import image_rows, ingest, write_csv


def test_services_open_on_empty_folders_and_close(settings, place, tmp_path):
    services = Services.open(settings)
    with pytest.raises(ImageNotFound):
        services.known_images.get(1)
    depths, pixels = image_rows(20)
    assert ingest(place, write_csv(tmp_path / "a.csv", depths, pixels)).state == "stored"
    image = services.known_images.get(1)
    assert services.reader.rows(1, 0, 0, image.rows).shape == (20, 150)
    assert services.reader.cache.capacity_bytes == settings.cache_bytes
    services.close()
    assert not services.reader._reads._handles._handles
