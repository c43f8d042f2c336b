import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError

from app.errors import CatalogUnavailable, ImageNotFound, LeaseLost
from app.storage.arrays.reading import RowReader
from app.storage.catalog import images as images_module
from app.storage.catalog.images import Images, Totals
from app.storage.catalog.tables import Image
from tests.builders import image_rows, ingest, write_csv
from tests.storage.builders import committed, image_row, leased, write_image

pytestmark = pytest.mark.both_databases


def test_ids_start_at_one(jobs, images):
    lease = leased(jobs)
    assert [images.begin(lease, 0.0) for _ in range(3)] == [1, 2, 3]


def test_ids_are_never_used_again_even_when_their_rows_are_gone(catalog, jobs, images):
    lease = leased(jobs)
    used = [images.begin(lease, 0.0) for _ in range(3)]
    with catalog.writing() as session:
        session.execute(text("DELETE FROM attempts"))
    assert images.begin(lease, 0.0) == max(used) + 1


def test_who_lost_the_lease_gets_no_id_and_commits_nothing(jobs, images):
    lease = leased(jobs)
    image_id = images.begin(lease, 0.0)
    _, new_lease = jobs.lease_next("another", 60.0, now=61.0)
    with pytest.raises(LeaseLost):
        images.begin(lease, 62.0)
    with pytest.raises(LeaseLost):
        images.commit(lease, 62.0, [image_row(image_id)])
    with pytest.raises(ImageNotFound):
        images.get(image_id)
    assert jobs.get(lease.job_id).state == "running"
    again = images.begin(new_lease, 62.0)
    images.commit(new_lease, 63.0, [image_row(again)])
    assert images.page(10)[0][0].id == again != image_id


def test_an_image_and_the_end_of_its_job_are_one_commit(jobs, images):
    lease = leased(jobs)
    image_id = images.begin(lease, 0.0)
    with pytest.raises(ImageNotFound):
        images.get(image_id)
    images.commit(lease, 5.0, [image_row(image_id, rows=1234)])
    assert images.get(image_id).rows == 1234
    job = jobs.get(lease.job_id)
    assert (job.state, job.image_ids, job.finished_at) == ("stored", [image_id], 5.0)
    assert (job.rows_done, job.rows_total) == (1234, 1234)
    with pytest.raises(LeaseLost):
        images.commit(lease, 6.0, [image_row(image_id)])


def test_a_commit_that_dies_halfway_leaves_neither_image_nor_end(jobs, images, monkeypatch):
    lease = leased(jobs)
    image_id = images.begin(lease, 0.0)

    def dies(*_arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(images_module, "finish", dies)
    with pytest.raises(KeyboardInterrupt):
        images.commit(lease, 5.0, [image_row(image_id)])
    monkeypatch.undo()
    with pytest.raises(ImageNotFound):
        images.get(image_id)
    assert jobs.get(lease.job_id).state == "running"
    images.commit(lease, 5.0, [image_row(image_id)])


def test_a_file_with_several_images_commits_all_or_none(jobs, images):
    taken = committed(jobs, images, "taken")
    lease = leased(jobs, "b.csv")
    first, second = images.begin(lease, 0.0), images.begin(lease, 0.0)
    with pytest.raises(IntegrityError):
        images.commit(lease, 1.0, [image_row(first, "new"), image_row(second, "taken")])
    assert [image.id for image in images.page(10)[0]] == [taken]
    images.commit(lease, 1.0, [image_row(first, "new"), image_row(second, "taken", channel="GR")])
    assert jobs.get(lease.job_id).image_ids == [first, second]
    assert images.of_content("taken") == {"": taken, "GR": second}


def test_the_same_content_is_stored_once_and_freed_by_deleting(jobs, images):
    first = committed(jobs, images, "abc")
    lease = leased(jobs, "copy.csv")
    image_id = images.begin(lease, 0.0)
    with pytest.raises(IntegrityError):
        images.commit(lease, 1.0, [image_row(image_id, "abc")])
    assert jobs.get(lease.job_id).state == "running"
    assert images.of_content("abc") == {"": first}
    images.delete(first, 2.0)
    assert images.of_content("abc") == {}
    images.commit(lease, 3.0, [image_row(image_id, "abc")])
    assert images.of_content("abc") == {"": image_id}


def test_an_image_needs_an_attempt_of_its_own(jobs, images):
    lease, other = leased(jobs), leased(jobs, "b.csv")
    image_id = images.begin(other, 0.0)
    with pytest.raises(LeaseLost, match=f"image {image_id}"):
        images.commit(lease, 1.0, [image_row(image_id)])
    images.commit(other, 1.0, [image_row(image_id)])


@pytest.mark.parametrize("image_id", [0, -1, 2, 2**63, 10**30])
def test_an_unknown_image_is_told_by_its_id(jobs, images, image_id):
    committed(jobs, images)
    with pytest.raises(ImageNotFound) as caught:
        images.get(image_id)
    assert caught.value.details == {"image_id": image_id}
    with pytest.raises(ImageNotFound):
        images.delete(image_id, 1.0)


def test_pages_go_from_the_oldest_on_and_miss_none(jobs, images):
    ids = [committed(jobs, images) for _ in range(5)]
    images.delete(ids[1], 1.0)
    there = [ids[0], *ids[2:]]
    seen, after = [], 0
    while True:
        page, total = images.page(2, after)
        assert total == 4
        if not page:
            break
        seen += [image.id for image in page]
        after = seen[-1]
    assert seen == there


def test_how_many_there_are_is_read_by_an_index_not_from_all_rows(catalog, images):
    asked = []
    event.listen(catalog.engine, "before_cursor_execute", lambda *call: asked.append(call[2]))
    images.page(1)
    (count,) = [statement for statement in asked if "count(" in statement]
    explain, by_index = "EXPLAIN QUERY PLAN", "USING INDEX uq_images_content"
    with catalog.reading() as session:
        if catalog.on_postgresql:
            session.execute(text("SET LOCAL enable_seqscan = off"))  # which is right for a table of no rows
            explain, by_index = "EXPLAIN", "Index Only Scan using uq_images_content"
        plan = [row[-1] for row in session.execute(text(f"{explain} {count}"))]
    assert any(by_index in line for line in plan), plan


def test_a_deleted_image_is_gone_at_once_and_its_arrays_when_no_reader_can_hold_them(jobs, images):
    kept, deleted = committed(jobs, images), committed(jobs, images)
    images.delete(deleted, 100.0)
    with pytest.raises(ImageNotFound):
        images.get(deleted)
    with pytest.raises(ImageNotFound):
        images.delete(deleted, 101.0)
    assert images.deleted_before(100.0) == []
    assert images.deleted_before(100.1) == [deleted]
    images.mark_erased(deleted)
    assert images.deleted_before(1e9) == []
    assert images.get(kept).deleted_at is None


def test_of_those_that_delete_an_image_at_once_one_does_and_the_others_learn_that_it_is_gone(
    jobs, images, catalogs
):
    image_id, together = committed(jobs, images), threading.Barrier(4)

    def delete(catalog, now: float) -> bool:
        together.wait()
        try:
            Images(catalog).delete(image_id, now)
        except ImageNotFound:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(delete, catalogs[:4], [5.0, 6.0, 7.0, 8.0])) == [False, False, False, True]
    assert images.deleted_before(9.0) == [image_id]


def test_totals_are_sums_over_the_images_that_exist(jobs, images):
    assert images.totals() == Totals(0, 0, 0, 0, 0, 0)
    for rows in (10, 20, 40):
        last = committed(jobs, images, rows=rows, source_bytes=2**40)
    images.delete(last, 1.0)
    assert images.totals() == Totals(2, 30, 30 * 150, 2**41, 200, 20)


def test_only_attempts_whose_worker_is_past_its_lease_are_abandoned(jobs, images):
    lease = leased(jobs, now=0.0)
    image_id = images.begin(lease, 1.0)
    assert images.abandoned(0.5) == []
    assert images.abandoned(60.0) == []
    jobs.progress(lease, 50.0, 10, None)
    assert images.abandoned(110.0) == []
    assert images.abandoned(110.5) == [image_id]


def test_an_attempt_of_a_job_that_went_on_without_it_is_abandoned(jobs, images):
    lease = leased(jobs)
    first = images.begin(lease, 1.0)
    jobs.put_back(lease)
    _, again = jobs.lease_next("me", 60.0, now=2.0)
    second = images.begin(again, 3.0)
    assert images.abandoned(10.0) == [first]
    images.commit(again, 4.0, [image_row(second)])
    assert images.abandoned(1e9) == [first]
    images.mark_swept(first)
    assert images.abandoned(1e9) == []


def test_what_is_about_to_be_swept_can_no_longer_be_committed(jobs, images):
    """A worker that slept longer than its lease still holds its token when nobody has taken its job."""
    lease = leased(jobs)
    image_id = images.begin(lease, 1.0)
    assert images.abandoned(1000.0) == [image_id]
    jobs.progress(lease, 1001.0, 10, None)
    with pytest.raises(LeaseLost):
        images.commit(lease, 1002.0, [image_row(image_id)])
    with pytest.raises(ImageNotFound):
        images.get(image_id)
    assert images.abandoned(1000.0) == [image_id]
    images.mark_swept(image_id)
    with pytest.raises(LeaseLost):
        images.commit(lease, 1003.0, [image_row(image_id)])


def test_an_attempt_can_be_given_up_but_not_an_image_that_exists(jobs, images):
    lease = leased(jobs)
    given_up, stored = images.begin(lease, 0.0), images.begin(lease, 0.0)
    assert images.abandon(given_up)
    assert images.abandoned(0.0) == [given_up]
    images.commit(lease, 1.0, [image_row(stored)])
    assert not images.abandon(stored)
    assert images.get(stored).id == stored
    assert images.abandoned(1e9) == [given_up]


def test_a_sweep_leaves_fragments_alone_that_the_catalog_never_heard_of(jobs, images, store):
    lapsed, stored = images.begin(leased(jobs), 0.0), committed(jobs, images)
    written = {image_id: write_image(store, image_id) for image_id in (lapsed, stored, 50)}
    for image_id in [*images.abandoned(1e9), *images.deleted_before(1e9)]:
        store.erase(image_id)
    reader = RowReader(store, 0)
    assert np.isnan(reader.rows(lapsed, 0, 0, 600)).all()
    for image_id in (stored, 50):
        np.testing.assert_array_equal(reader.rows(image_id, 0, 0, 600), written[image_id])
    reader.close()


def test_an_image_whose_commit_was_in_doubt_keeps_its_rows(place, tmp_path, monkeypatch):
    """The database took the commit, and the connection broke before it could say so."""
    commit = Images.commit

    def answer_is_lost(images, *arguments, **named):
        commit(images, *arguments, **named)
        raise CatalogUnavailable("the connection broke")

    monkeypatch.setattr(Images, "commit", answer_is_lost)
    job = ingest(place, write_csv(tmp_path / "a.csv", *image_rows(100)))
    assert job.state == "stored"
    [image_id] = job.image_ids
    assert place.images.get(image_id).rows == 100
    assert not np.isnan(RowReader(place.arrays, 0).rows(image_id, 0, 0, 100)).any()


def test_every_column_of_an_image_comes_back(jobs, images):
    statistics = {"mean": 1.5, "histogram": [1, 2], "nothing": None}
    image_id = committed(
        jobs, images, statistics=statistics, settings={"rounding": "none"}, depth_unit="ft", step=0.1
    )
    image = images.get(image_id)
    assert (image.statistics, image.settings) == (statistics, {"rounding": "none"})
    assert (image.depth_unit, image.step, image.erased, image.channel) == ("ft", 0.1, False, "")
    wanted = image_row(image_id, statistics=statistics, settings={"rounding": "none"}, depth_unit="ft")
    for column in Image.__table__.columns:
        if column.name not in ("deleted_at", "erased"):
            assert getattr(image, column.name) == getattr(wanted, column.name)


def test_a_catalog_that_went_away_is_told_as_such(catalog, images):
    with catalog.writing() as session:
        for table in ("picks", "images"):
            session.execute(text(f"DROP TABLE {table}"))
    with pytest.raises(CatalogUnavailable, match="does not answer"):
        images.get(1)
