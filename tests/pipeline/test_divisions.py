"""What is given out of a shared file, and in what order; nothing here reads one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.ingestion.fingerprint import Fingerprint
from app.ingestion.group_writing import WrittenGroup
from app.ingestion.parts import Division, Part, StoredPart
from app.ingestion.readers import Metadata
from app.ingestion.readers.csv_header import CsvHeader
from app.ingestion.readers.csv_layout import CsvLayout
from app.ingestion.readers.csv_source import Lines
from app.ingestion.statistics import ImageStatistics
from app.ingestion.stored_image import Findings
from app.pipeline.attempt import Divided
from app.pipeline.divisions import Divisions
from app.pipeline.originals import OnDisk
from app.pipeline.stability import Snapshot
from app.pipeline.steps import EndOfJob, HashOfJob, PartOfJob, WholeJob
from app.storage.catalog.leases import Lease
from app.storage.catalog.tables import Job

LAYOUT = CsvLayout(",", ("depth", "a", "b"), 0, (1, 2), ())
HEADER = CsvHeader(LAYOUT, depth_unit=None, unit=None, comments=(), offset=10, line=2, row_bytes=6)
CONTENT = Fingerprint("ab", 40)
ROWS = 10


def divided(number: int = 1, parts: int = 2) -> Divided:
    cut = tuple(Part(Lines(at * 10, at * 10 + 10, at), at * ROWS, ROWS) for at in range(parts))
    return Divided(
        job=Job(id=number, name="x.csv"),
        lease=Lease(number, f"test/{number}", 60.0),
        original=OnDisk("x.csv", Path("x.csv"), Snapshot(1, 2, 3)),
        image_id=number + 100,
        division=Division(HEADER, ROWS * parts, False, cut),
        metadata=Metadata(),
        began=1.0,
    )


def stored(number: int) -> StoredPart:
    found = Findings(3, None, False, 0, True, ImageStatistics())
    return StoredPart(WrittenGroup(number * ROWS, np.arange(float(ROWS)), None), found)


@pytest.fixture
def divisions():
    return Divisions()


def test_the_hash_and_the_parts_are_given_out_once_each_and_the_end_when_all_are_back(divisions):
    job = divided()
    divisions.begin(job)
    steps = [divisions.next_step() for _ in range(3)]
    assert steps == [HashOfJob(job), PartOfJob(job, 0), PartOfJob(job, 1)]
    assert divisions.next_step() is None
    assert divisions.take(steps[2], stored(1)) == (ROWS, 2 * ROWS)
    assert divisions.take(steps[0], CONTENT) == (ROWS, 2 * ROWS)
    assert divisions.next_step() is None, "a part is still out"
    assert divisions.take(steps[1], stored(0)) == (2 * ROWS, 2 * ROWS)
    end = divisions.next_step()
    assert isinstance(end, EndOfJob)
    assert end.content == CONTENT and {part.group.start for part in end.parts} == {0, ROWS}
    assert divisions.next_step() is None
    assert divisions.leases == [job.lease]
    assert divisions.take(end, True) is None
    assert divisions.leases == [] and divisions.next_step() is None


@pytest.mark.parametrize("wrong", [0, 1])
def test_what_cannot_be_shared_is_read_by_one_process_once_the_others_are_back(divisions, wrong):
    job = divided(parts=3)
    divisions.begin(job)
    steps = [divisions.next_step(), divisions.next_step()]
    divisions.take(steps[wrong], None)
    assert divisions.next_step() is None, "no further part is begun, and one is still out"
    divisions.take(steps[1 - wrong], CONTENT if wrong else stored(0))
    assert divisions.next_step() == WholeJob(job.job, job.lease, abandoned=job.image_id)
    assert divisions.leases == [] and divisions.next_step() is None


def test_parts_that_do_not_fit_at_the_end_are_read_by_one_process(divisions):
    job = divided(parts=1)
    divisions.begin(job)
    divisions.take(divisions.next_step(), CONTENT)
    divisions.take(divisions.next_step(), stored(0))
    divisions.take(divisions.next_step(), False)
    assert divisions.next_step() == WholeJob(job.job, job.lease, abandoned=job.image_id)


def test_the_file_divided_first_comes_first_and_others_use_who_would_wait(divisions):
    first, second = divided(1, parts=1), divided(2, parts=1)
    divisions.begin(first)
    divisions.begin(second)
    assert [divisions.next_step() for _ in range(5)] == [
        HashOfJob(first),
        PartOfJob(first, 0),
        HashOfJob(second),
        PartOfJob(second, 0),
        None,
    ]
    assert divisions.leases == [first.lease, second.lease]


def test_what_comes_back_of_a_dropped_job_is_ignored(divisions):
    job = divided()
    divisions.begin(job)
    step = divisions.next_step()
    divisions.drop(job.lease)
    divisions.drop(job.lease)
    assert divisions.take(step, CONTENT) is None
    assert divisions.next_step() is None and divisions.leases == []
