"""A catalog that knows less than the arrays hold."""

from __future__ import annotations

import logging

import numpy as np

from app.pipeline.image_ids import skip_ids_in_use
from app.storage.arrays.writing import ImageWriter
from tests.builders import ingest, tiny_csv


def test_a_new_image_does_not_get_the_id_of_one_that_lies_there(place, caplog):
    ImageWriter(place.layout, 7).write_depths(0, np.array([1.0]))
    with caplog.at_level(logging.WARNING):
        skip_ids_in_use(place)
    assert "images up to 7" in caplog.text and "rebuild" in caplog.text
    assert ingest(place, tiny_csv(place.folders.data / "x.csv")).image_ids == [8]
    caplog.clear()
    skip_ids_in_use(place)
    assert caplog.text == ""


def test_an_empty_store_and_one_that_is_known_are_no_cause_for_words(place, caplog):
    skip_ids_in_use(place)
    ingest(place, tiny_csv(place.folders.data / "x.csv"))
    skip_ids_in_use(place)
    assert "never heard" not in caplog.text
    assert ingest(place, tiny_csv(place.folders.data / "y.csv", 2.0)).image_ids == [2]


def test_shards_that_were_made_for_nothing_are_looked_past(place):
    place.layout.ensure_shard(5)
    place.layout.ensure_shard(250)
    ImageWriter(place.layout, 7).write_depths(0, np.array([1.0]))
    skip_ids_in_use(place)
    assert ingest(place, tiny_csv(place.folders.data / "x.csv")).image_ids == [8]
