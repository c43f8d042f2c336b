"""Files that hold several images: all of them are stored, or none is."""

from __future__ import annotations

import re

import numpy as np
import pytest

from app.ingestion.readers import open_file
from app.pipeline import attempt as attempt_module
from app.pipeline.job import run_job
from app.storage.arrays.writing import ImageWriter
from app.storage.catalog.tables import EventKind
from tests.builders import image_rows, ingest, sectors, write_las

DEPTHS, PIXELS = image_rows(60, width=12)


def two_images(folder, name="x.las", **curves):
    """A file with the images ABDC (12 sectors) and GRAS (8)."""
    curves = curves or sectors("ABDC", PIXELS) | sectors("GRAS", PIXELS[:, :8], first=0, unit="API")
    folder.mkdir(exist_ok=True)
    return write_las(folder / name, DEPTHS, curves)


def listed(place):
    return [(image.id, image.name, image.channel) for image in place.images.page(10)[0]]


def test_each_becomes_an_image_and_the_job_names_them_all(place, tmp_path, reader):
    job = ingest(place, two_images(tmp_path))
    assert (job.state, job.image_ids, job.rows_done, job.target) == ("stored", [1, 2], 120, "processed/x.las")
    assert listed(place) == [(1, "x.las", "ABDC"), (2, "x.las", "GRAS")]
    for image_id, width in ((1, 12), (2, 8)):
        image = place.images.get(image_id)
        assert (image.source_width, image.rows, image.depth_unit, image.well) == (width, 60, "m", "Test 1")
        assert not np.isnan(reader.rows(image_id, 0, 0, 60)).any()
    assert {image.sha256 for image in place.images.page(10)[0]} == {job.sha256}
    stored = [event.data["image_id"] for event in place.events.after(0) if event.kind == EventKind.IMAGE]
    assert stored == [1, 2]


def test_they_exist_from_one_moment_on(place, tmp_path, monkeypatch):
    store_image, seen = attempt_module.store_image, []

    def looking_on(*arguments):
        stored = store_image(*arguments)
        seen.append(listed(place))
        return stored

    monkeypatch.setattr(attempt_module, "store_image", looking_on)
    ingest(place, two_images(tmp_path))
    assert seen == [[], []]


def test_progress_adds_up(place, tmp_path, monkeypatch):
    monkeypatch.setattr(attempt_module, "PROGRESS_SECONDS", 0.0)
    told = []
    file = two_images(tmp_path)
    job, lease = place.jobs.add_leased(
        "x.las", 1, 0.0, claim=None, path=str(file), owner="test", seconds=60.0
    )
    run_job(place, job, lease, lambda done, total: told.append((done, total)))
    assert told == [(60, 120), (120, 120)]
    assert place.jobs.get(job.id).image_ids == [1, 2]


def test_one_bad_image_fails_the_file_and_leaves_nothing_behind(place, tmp_path, fragments):
    file = two_images(tmp_path)
    lines = file.read_text().splitlines()
    lines[-1] = re.sub(r"\S+$", "x", lines[-1])  # the last sector of GRAS
    file.write_text("\n".join(lines) + "\n")
    job = ingest(place, file)
    assert (job.state, job.reason, job.row, job.column) == ("failed", "not_a_number", len(lines), "GRAS7M")
    assert (
        job.message
        == f"Channel GRAS: Line {len(lines)}, column 'GRAS7M': 'x' is neither a number nor a null."
    )
    assert listed(place) == []
    assert fragments(1) == fragments(2) == []
    assert place.images.abandoned(2e9) == []
    assert (place.folders.failed / "x.las").exists()


def test_a_copy_is_a_duplicate_of_all_its_images(place, tmp_path):
    ingest(place, two_images(tmp_path))
    job = ingest(place, two_images(tmp_path, "copy.las"))
    assert (job.state, job.image_ids) == ("duplicate", [1, 2])
    assert job.message == "the same content is already stored as images 1, 2"
    assert len(listed(place)) == 2


@pytest.mark.parametrize("deleted", [1, 2])
def test_of_a_copy_only_what_has_been_deleted_is_stored(place, tmp_path, deleted):
    ingest(place, two_images(tmp_path))
    place.images.delete(deleted, 1.0)
    job = ingest(place, two_images(tmp_path, "copy.las"))
    expected = [3, 2] if deleted == 1 else [1, 3]
    assert (job.state, job.image_ids, job.rows_done) == ("stored", expected, 60)
    assert sorted(row[0] for row in listed(place)) == sorted(expected)


def during(monkeypatch, number, happens):
    """Let something happen once the image of this number has been read."""
    store_image, count = attempt_module.store_image, 0

    def interrupted(*arguments):
        nonlocal count
        count += 1
        stored = store_image(*arguments)
        if count == number:
            happens()
        return stored

    monkeypatch.setattr(attempt_module, "store_image", interrupted)


def test_what_another_job_stored_meanwhile_is_not_stored_twice(
    place, tmp_path, taken, monkeypatch, fragments
):
    two_images(place.folders.data)
    job, lease = taken("x.las", made=True)
    during(monkeypatch, 2, lambda: ingest(place, two_images(tmp_path, "other.las")))
    run_job(place, job, lease)
    assert (place.jobs.get(job.id).state, place.jobs.get(job.id).image_ids) == ("duplicate", [3, 4])
    assert [row[0] for row in listed(place)] == [3, 4]
    assert fragments(1) == fragments(2) == []


def test_what_is_new_is_stored_beside_what_another_job_stored(place, tmp_path, taken, monkeypatch, fragments):
    def another_job_stores_one_of_them():
        other = ingest(place, two_images(tmp_path, "other.las"))
        place.images.delete(other.image_ids[0], 1.0)

    two_images(place.folders.data)
    job, lease = taken("x.las", made=True)
    during(monkeypatch, 2, another_job_stores_one_of_them)
    run_job(place, job, lease)
    job = place.jobs.get(job.id)
    assert (job.state, job.image_ids) == ("stored", [1, 4])
    assert [row[0] for row in listed(place)] == [1, 4]
    assert fragments(2) == []


def test_an_image_that_was_known_and_is_deleted_meanwhile_is_read_at_the_next_try(
    place, tmp_path, taken, leased_again, monkeypatch
):
    ingest(place, two_images(tmp_path))
    place.images.delete(2, 1.0)
    two_images(place.folders.data, "copy.las")
    job, lease = taken("copy.las", made=True)

    def both_are_replaced():
        place.images.delete(1, 1.0)
        ingest(place, two_images(tmp_path, "third.las"))
        for image_id, _, channel in listed(place):
            if channel == "ABDC":
                place.images.delete(image_id, 2.0)

    during(monkeypatch, 1, both_are_replaced)
    run_job(place, job, lease)
    assert place.jobs.get(job.id).state == "retrying"
    run_job(place, *leased_again())
    assert place.jobs.get(job.id).state == "stored"
    assert sorted(channel for *_, channel in listed(place)) == ["ABDC", "GRAS"]


def test_a_death_after_the_first_image_leaves_nothing_that_counts(
    place, taken, leased_again, monkeypatch, fragments
):
    def dies(self, level, start, values):
        if self.image_id == 2:
            raise KeyboardInterrupt
        write_rows(self, level, start, values)

    write_rows = ImageWriter.write_rows
    two_images(place.folders.data)
    job, lease = taken("x.las", made=True)
    monkeypatch.setattr(ImageWriter, "write_rows", dies)
    with pytest.raises(KeyboardInterrupt):
        run_job(place, job, lease)
    monkeypatch.undo()
    assert listed(place) == []
    assert fragments(1) == []
    place.jobs.put_back(lease)
    run_job(place, *leased_again())
    assert [row[0] for row in listed(place)] == [3, 4]


def test_a_file_of_several_images_is_read_by_one_process(place, taken, monkeypatch):
    monkeypatch.setattr(attempt_module, "divide", lambda *_: pytest.fail("it was to be divided"))
    two_images(place.folders.data)
    job, lease = taken("x.las", made=True)
    assert run_job(place, job, lease, workers=4) is None
    assert place.jobs.get(job.id).state == "stored"


def test_an_image_of_nulls_alone_does_not_keep_the_others_out(place, tmp_path):
    curves = sectors("ABDC", PIXELS) | sectors("OFF", np.full((60, 4), np.nan))
    job = ingest(place, two_images(tmp_path, **curves))
    assert job.state == "stored", job.message
    assert place.images.get(job.image_ids[1]).rows == 60


def test_opening_reads_no_rows(tmp_path, place):
    file = two_images(tmp_path)
    file.write_text(file.read_text() + " nonsense\n")
    assert len(open_file(file, place.settings).images) == 2
