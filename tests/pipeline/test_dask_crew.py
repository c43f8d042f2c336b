"""Steps on a real Dask cluster: a scheduler and two workers, which die."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psutil
import pytest

from app.errors import WorkersUnavailable
from app.pipeline import dask_crew
from app.pipeline.bulk.prefix import Prefix
from app.pipeline.claiming import enqueue
from app.pipeline.dask_crew import DaskCrew
from app.pipeline.foreman import Foreman
from app.pipeline.steps import EndOfJob, HashOfJob, PartOfJob, WholeJob
from app.pipeline.workplace import Workplace
from app.storage.arrays.bucket import Bucket
from app.storage.arrays.reading import RowReader
from app.storage.catalog.jobs_in_place import JobsInPlace
from app.storage.catalog.tables import Job
from tests.builders import eventually, ingest, settings_in, tiny_csv
from tests.dask_cluster import ALLOWED_FAILURES, DaskCluster
from tests.pipeline.test_foreman import ROWS, long_csv
from tests.s3_server import S3Server

HOST = "test"


class Site(NamedTuple):
    cluster: DaskCluster
    place: Workplace


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, s3_server: S3Server) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("dask")
    cluster = DaskCluster(folder / "cluster")
    place = Workplace.open(settings_in(folder, source_width="any", scheduler=cluster.address))
    place.folders.ensure()
    place.board.update(host=HOST)
    cluster.start_scheduler()
    try:
        for _ in range(2):
            cluster.add_worker(place.settings)
        yield Site(cluster, place)
    finally:
        cluster.stop()


class Yard:
    """A foreman whose crew is the cluster, told when to look."""

    def __init__(self, site: Site) -> None:
        self.cluster, self.place = site
        self.foreman = Foreman(self.place, HOST)
        self.crew = self.foreman.crew
        assert isinstance(self.crew, DaskCrew)
        eventually(self.ready, "two workers are there", 60)

    def ready(self) -> bool:
        self.cluster.revive()
        try:
            self.crew.start()
        except WorkersUnavailable:
            return False
        return self.crew.size == 2

    def look(self) -> None:
        self.foreman.look_after_workers()
        self.foreman.dispatch()

    def queue(self, name: str) -> int:
        job_id = enqueue(self.place, name)
        assert job_id is not None
        return job_id

    def drop(self, name: str) -> int:
        number = float(abs(hash(name)) % 100_000)
        tiny_csv(self.place.folders.data / name, number)
        return self.queue(name)

    def until(self, job_id: int, state: str) -> Job:
        def there() -> Job | None:
            self.ready()
            self.look()
            job = self.place.jobs.get(job_id)
            return job if job.state == state and (job.settled or state not in ("stored", "failed")) else None

        return eventually(there, f"job {job_id} is {state}", 60)

    def in_hand(self) -> bool:
        """Whether a worker has been given what the crew is at."""
        self.look()
        return any(self.crew._ask("processing").values())

    def worker_at_it(self) -> psutil.Process:
        (address,) = (worker for worker, keys in self.crew._ask("processing").items() if keys)
        port = int(address.rpartition(":")[2])
        return next(
            worker
            for worker in self.cluster.workers()
            if port in {connection.laddr.port for connection in worker.net_connections("tcp")}
        )


@pytest.fixture
def yard(site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[Yard]:
    monkeypatch.setattr(dask_crew, "CENSUS_SECONDS", 0.1)
    monkeypatch.setattr(dask_crew, "PATIENCE_SECONDS", 0.2)
    site.cluster.gate.unlink(missing_ok=True)
    made = Yard(site)
    yield made
    site.cluster.gate.touch()
    made.foreman.stop(0.0)


def images_of(place: Workplace, job: Job) -> int:
    return sum(image.id in job.image_ids for image in place.images.page(1000)[0])


def test_a_file_is_stored_by_a_worker_that_knows_nothing_of_how_it_is_read_but_what_it_is_told(yard):
    job = yard.until(yard.drop("small.csv"), "stored")
    assert (job.attempts, job.crashes, job.target) == (1, 0, "processed/small.csv")
    assert images_of(yard.place, job) == 1


def test_a_bad_file_fails_with_its_reason(yard):
    (yard.place.folders.data / "bad.csv").write_text("depth,a,b\n1,2,3\n2,x,3\n")
    job = yard.until(yard.queue("bad.csv"), "failed")
    assert (job.reason, job.row, job.column, job.value) == ("not_a_number", 3, "a", "x")
    assert (yard.place.folders.failed / "bad.csv.error.json").exists()


def test_a_long_file_is_shared_and_stored_as_one_process_stores_it(yard, tmp_path):
    seen: set[type] = set()
    submit = yard.crew.submit
    yard.crew.submit = lambda step: (seen.add(type(step)), submit(step))
    long_csv(yard.place.folders.data / "long.csv")
    job = yard.until(yard.queue("long.csv"), "stored")
    assert {WholeJob, PartOfJob, HashOfJob} <= seen
    assert (job.attempts, job.crashes, job.rows_done) == (1, 0, ROWS)
    assert_as_one_process_stores_it(yard.place, job, tmp_path)


def test_a_long_object_of_a_bucket_is_shared_too(yard, s3_server, tmp_path):
    bucket = Bucket(f"s3://{s3_server.bucket('shared-on-dask').name}")
    bucket.put("other.csv", long_csv(tmp_path / "other.csv", descending=True).read_bytes())
    seen: list[type] = []
    submit = yard.crew.submit
    yard.crew.submit = lambda step: (seen.append(type(step)), submit(step))
    (found,) = Prefix(bucket.uri).entries()
    (job_id,) = JobsInPlace(yard.place.catalog).add([found], time.time())
    job = yard.until(job_id, "stored")
    assert seen == [WholeJob, PartOfJob, PartOfJob, PartOfJob, EndOfJob]
    assert (job.attempts, job.crashes, job.rows_done) == (1, 0, ROWS)
    assert_as_one_process_stores_it(yard.place, job, tmp_path, descending=True)


def assert_as_one_process_stores_it(
    place: Workplace, job: Job, tmp_path: Path, *, descending: bool = False
) -> None:
    alone = Workplace.open(settings_in(tmp_path, source_width="any"))
    alone_job = ingest(alone, long_csv(tmp_path / "long.csv", descending=descending))
    for level in (0, 1):
        rows = ROWS // 4**level
        mine, its = (
            RowReader(one.arrays, 0).rows(found.image_ids[0], level, 0, rows)
            for one, found in ((place, job), (alone, alone_job))
        )
        np.testing.assert_array_equal(mine, its)


def test_what_was_in_flight_on_a_lost_worker_runs_again(yard):
    job_id = yard.drop("held and orphaned.csv")
    eventually(yard.in_hand, "a worker has it")
    yard.worker_at_it().kill()
    yard.cluster.gate.touch()
    job = yard.until(job_id, "stored")
    assert (job.attempts, job.crashes) == (1, 0)
    assert images_of(yard.place, job) == 1


def test_a_file_that_ends_every_worker_is_poison_and_stops_nobody(yard):
    job = yard.until(yard.drop("poison.csv"), "failed")
    assert (job.reason, job.crashes) == ("worker_died", ALLOWED_FAILURES + 1)
    assert f"{ALLOWED_FAILURES + 1} times" in job.message
    assert yard.until(yard.drop("next.csv"), "stored").attempts == 1


def test_a_scheduler_that_dies_is_told_and_its_jobs_are_given_back(yard):
    job_id = yard.drop("held and adrift.csv")
    eventually(yard.in_hand, "a worker has it")
    yard.cluster.kill_scheduler()

    def given_back() -> bool:
        yard.foreman.look_after_workers()
        return yard.place.jobs.get(job_id).state == "queued"

    eventually(given_back, "the job is queued again")
    job = yard.place.jobs.get(job_id)
    assert (job.attempts, job.crashes) == (0, 0)
    with pytest.raises(WorkersUnavailable, match="does not answer"):
        eventually(yard.crew.start, "the scheduler's death is told")
    assert yard.crew.free == 0
    yard.cluster.gate.touch()
    yard.cluster.start_scheduler()
    job = yard.until(job_id, "stored")
    assert (job.attempts, job.crashes) == (1, 0)
    assert images_of(yard.place, job) == 1


def test_a_step_that_takes_too_long_is_given_up_with_its_worker(yard):
    job_id = yard.drop("held for ever.csv")
    eventually(yard.in_hand, "a worker has it")
    late = yard.worker_at_it()
    (given,) = yard.crew._given.values()
    given.since -= 2 * yard.place.settings.file_seconds
    job = yard.until(job_id, "failed")
    assert job.reason == "took_too_long"
    late.wait(30)
    assert yard.crew.at_work == []


def test_stopping_gives_the_jobs_back(yard):
    job_id = yard.drop("held and stopped.csv")
    eventually(yard.in_hand, "a worker has it")
    yard.foreman.stop(0.1)
    job = yard.place.jobs.get(job_id)
    assert (job.state, job.attempts, job.crashes, yard.crew.at_work) == ("queued", 0, 0, [])
    yard.cluster.gate.touch()
    assert images_of(yard.place, yard.until(job_id, "stored")) == 1


def test_a_worker_that_looks_elsewhere_is_told_and_blames_no_file(yard):
    yard.place.board.update(host="another")
    job_id = yard.drop("elsewhere.csv")

    def told() -> str:
        yard.look()
        try:
            yard.crew.start()
        except WorkersUnavailable as error:
            return str(error)
        return ""

    assert "BOREHOLE_DATABASE_URL" in eventually(told, "the host learns of it")
    yard.place.board.update(host=HOST)
    job = yard.until(job_id, "stored")
    assert (job.attempts, job.crashes) == (1, 0)


def test_nobody_there_is_told(tmp_path):
    settings = settings_in(tmp_path, scheduler="tcp://127.0.0.1:9")
    crew = DaskCrew(settings, settings.scheduler)
    for _ in range(2):
        with pytest.raises(WorkersUnavailable, match=r"tcp://127\.0\.0\.1:9 does not answer"):
            crew.start()
    assert crew.free == 0
    crew.stop(0.0)


@pytest.fixture
def deserted(tmp_path) -> Iterator[DaskCluster]:
    """A scheduler without workers."""
    cluster = DaskCluster(tmp_path / "cluster")
    cluster.start_scheduler()
    yield cluster
    cluster.stop()


def test_no_file_is_late_that_no_worker_is_at(deserted, place, taken, monkeypatch):
    monkeypatch.setattr(dask_crew, "ANSWER_SECONDS", 0.2)
    crew = DaskCrew(place.settings, deserted.address)
    with pytest.raises(WorkersUnavailable, match="has no workers"):
        crew.start()
    step = WholeJob(*taken())
    crew.submit(step)  # as to a worker that died since
    (given,) = crew._given.values()
    for pause in (lambda: None, deserted.freeze_scheduler):
        pause()
        given.since -= 100.0
        assert list(crew.end_overdue(50.0)) == []
        assert crew.at_work == [step]
    crew.stop(0.0)
