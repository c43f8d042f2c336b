"""Steps that are carried out twice, as a cluster does when it loses a worker or its answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from app.pipeline import attempt as attempt_module
from app.pipeline import job as job_module
from app.pipeline.attempt import Divided
from app.pipeline.claiming import take
from app.pipeline.steps import EndOfJob, HashOfJob, PartOfJob, WholeJob
from app.pipeline.sweeping import sweep
from app.pipeline.workplace import Workplace
from app.storage.arrays.reading import RowReader
from tests.builders import ingest, settings_in
from tests.pipeline.test_foreman import ROWS, long_csv


@pytest.fixture
def wide_place(tmp_path: Path) -> Iterator[Workplace]:
    place = Workplace.open(settings_in(tmp_path, source_width="any"))
    place.folders.ensure()
    yield place
    place.catalog.close()


def divided_in(place: Workplace) -> Divided:
    long_csv(place.folders.data / "x.csv")
    found = take(place, "x.csv", "test", 60.0)
    assert found is not None
    divided = WholeJob(*found, workers=2).run(place)
    assert isinstance(divided, Divided)
    return divided


def whole_image(place: Workplace, image_id: int) -> np.ndarray:
    reader = RowReader(place.arrays, 0)
    values = reader.rows(image_id, 0, 0, ROWS).copy()
    reader.close()
    return values


def fragments_of_others(place: Workplace, image_id: int) -> list[Path]:
    sweep(place, grace_seconds=0.0)
    fragments = (place.settings.db_dir / "arrays").glob("*/*/__fragments/*")
    return [fragment for fragment in fragments if not fragment.name.startswith(f"__{image_id}_{image_id}_")]


def test_a_file_read_again_after_its_end_stays_as_it_ended(place, taken):
    step = WholeJob(*taken())
    step.run(place)
    first = place.jobs.get(step.job.id)
    assert step.run(place) is None
    again = place.jobs.get(step.job.id)
    assert (again.state, again.image_ids, again.target) == ("stored", first.image_ids, "processed/x.csv")
    assert place.images.page(10)[1] == 1
    assert list(place.folders.failed.iterdir()) == []


def test_of_two_workers_at_one_file_under_one_lease_the_first_to_end_stores_it(place, taken, monkeypatch):
    step = WholeJob(*taken())
    store_image = attempt_module.store_image

    def overtaken(*arguments, **named):
        stored = store_image(*arguments, **named)
        monkeypatch.setattr(attempt_module, "store_image", store_image)
        step.run(place)
        return stored

    monkeypatch.setattr(attempt_module, "store_image", overtaken)
    assert step.run(place) is None
    job = place.jobs.get(step.job.id)
    assert (job.state, job.target, len(job.image_ids)) == ("stored", "processed/x.csv", 1)
    assert place.images.page(10)[1] == 1
    assert fragments_of_others(place, job.image_ids[0]) == []


def test_a_part_stored_twice_is_the_same_rows(wide_place, tmp_path):
    place, divided = wide_place, divided_in(wide_place)
    parts = [PartOfJob(divided, number) for number in range(len(divided.division.parts))]
    content = HashOfJob(divided).run(place)
    parts[1].run(place)
    stored = tuple(part.run(place) for part in parts)
    parts[0].run(place)
    assert EndOfJob(divided, content, stored).run(place) is True
    job = place.jobs.get(divided.job.id)
    other = Workplace.open(settings_in(tmp_path / "by one", source_width="any"))
    expected = ingest(other, long_csv(tmp_path / "x.csv"))
    np.testing.assert_array_equal(
        whole_image(place, job.image_ids[0]), whole_image(other, expected.image_ids[0])
    )
    other.catalog.close()


def test_the_end_of_a_file_told_twice_is_its_end_once(wide_place):
    place, divided = wide_place, divided_in(wide_place)
    stored = tuple(PartOfJob(divided, number).run(place) for number in range(len(divided.division.parts)))
    end = EndOfJob(divided, HashOfJob(divided).run(place), stored)
    assert end.run(place) is True
    first = place.jobs.get(divided.job.id)
    assert end.run(place) is not False, "nobody is to read the file anew"
    again = place.jobs.get(divided.job.id)
    assert (again.state, again.image_ids, again.target) == ("stored", first.image_ids, "processed/x.csv")
    assert place.images.page(10)[1] == 1
    assert np.isfinite(whole_image(place, first.image_ids[0])).all()


def test_a_part_of_a_job_that_is_no_longer_ours_harms_no_image(wide_place):
    place, divided = wide_place, divided_in(wide_place)
    late = PartOfJob(divided, 0)
    place.jobs.release_all_of("test")
    found = place.jobs.lease_next("another", 60.0, 1.0e12)
    assert found is not None
    WholeJob(*found).run(place)
    late.run(place)
    job = place.jobs.get(divided.job.id)
    assert (job.state, len(job.image_ids)) == ("stored", 1)
    assert job.image_ids[0] != divided.image_id
    assert fragments_of_others(place, job.image_ids[0]) == []


def test_a_part_that_meets_an_error_of_our_own_leaves_the_file_to_one_process(wide_place, monkeypatch):
    divided = divided_in(wide_place)

    def broken(*_: object) -> None:
        raise ZeroDivisionError("nobody thought of that")

    monkeypatch.setattr(job_module, "store_part", broken)
    assert PartOfJob(divided, 0).run(wide_place) is None
