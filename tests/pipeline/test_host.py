"""The host at work: its own thread, real workers, a real folder."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import text

from app.errors import CatalogUnavailable, FileError, Reason, StorageUnavailable
from app.pipeline import claiming, foreman, hosting, retrying, workers
from app.pipeline import host as host_module
from app.pipeline.control import PipelineControl
from app.pipeline.host import PipelineHost
from app.pipeline.workers import Worker, WorkerPool
from app.pipeline.workplace import Workplace
from app.storage.catalog import engines
from app.storage.catalog.tables import Job
from tests.builders import eventually, settings_in, tiny_csv


class SeenPool(WorkerPool):
    """A pool whose workers a test can find."""

    made: list[SeenPool]

    def __init__(self, settings: Any) -> None:
        super().__init__(settings)
        self.made.append(self)
        self.stopped = False

    def stop(self, grace_seconds: float) -> None:
        super().stop(grace_seconds)
        self.stopped = True

    @classmethod
    def worker(cls) -> Worker:
        """The only worker, once there is one."""
        return eventually(lambda: cls.made and cls.made[-1].workers, "there is a worker")[0]


@pytest.fixture(autouse=True)
def quicker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosting, "TICK_SECONDS", 0.05)
    monkeypatch.setattr(host_module, "LOCK_RETRY_SECONDS", 0.05)
    monkeypatch.setattr(hosting, "HOUSEKEEPING_SECONDS", 0.1)
    monkeypatch.setattr(claiming, "ORPHAN_SECONDS", 0.2)
    monkeypatch.setattr(retrying, "FIRST_DELAY_SECONDS", 0.01)
    monkeypatch.setattr(hosting, "STOP_GRACE_SECONDS", 0.1)
    SeenPool.made = []
    monkeypatch.setattr(workers, "WorkerPool", SeenPool)


@pytest.fixture
def no_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are taken and queued, which is all that these tests ask for; starting workers takes a second."""
    monkeypatch.setattr(SeenPool, "start", lambda self: None)


@pytest.fixture
def hosts() -> Iterator[Callable[[Workplace], PipelineHost]]:
    """Starts hosts, and stops them in the end."""
    started: list[PipelineHost] = []

    def start(place: Workplace) -> PipelineHost:
        host = PipelineHost(place)
        host.start()
        started.append(host)
        return host

    yield start
    for pool in SeenPool.made:
        for worker in pool.workers:
            if worker.process.is_alive():
                os.kill(worker.process.pid, signal.SIGCONT)
    for host in started:
        if host._thread.is_alive():
            host.stop()


def job_named(place: Workplace, name: str, *states: str) -> Job:
    """The job for this file, once it is in one of these states."""

    def found() -> Job | None:
        jobs = [job for job in place.history.page(1000)[0] if job.name == name]
        return jobs[0] if jobs and jobs[0].state in states else None

    return eventually(found, f"{name} is {' or '.join(states)}", seconds=30)


def running(place: Workplace) -> bool:
    return PipelineControl(place).status().running


def hold_worker() -> Worker:
    """Suspend the only worker, so that what it is given lasts."""
    worker = SeenPool.worker()
    os.kill(worker.process.pid, signal.SIGSTOP)
    return worker


def let_go(worker: Worker) -> None:
    os.kill(worker.process.pid, signal.SIGCONT)


def held_at_work(place: Workplace, name: str = "x.csv", first: float = 1.0) -> tuple[Worker, Job]:
    """A suspended worker that has been given a job."""
    worker = hold_worker()
    tiny_csv(place.folders.data / name, first)
    return worker, job_named(place, name, "running")


@pytest.mark.usefixtures("no_workers")
def test_a_new_host_counts_jobs_anew(place, hosts):
    with place.catalog.writing() as session:
        session.execute(text("UPDATE job_counts SET jobs = 7"))
    hosts(place)
    eventually(lambda: place.history.counts()["stored"] == 0, "they are counted")


def test_a_dropped_file_is_stored(place, hosts):
    hosts(place)
    tiny_csv(place.folders.data / "x.csv")
    job = job_named(place, "x.csv", "stored")
    eventually(lambda: place.jobs.get(job.id).settled, "it is settled")
    assert (place.folders.processed / "x.csv").exists()


def test_many_files_at_once_are_each_stored_once(tmp_path, hosts):
    place = Workplace.open(settings_in(tmp_path, source_width=4, ingest_workers=2))
    place.folders.ensure()
    host = hosts(place)
    for number in range(40):
        tiny_csv(place.folders.data / f"{number}.csv", float(number), width=4)
    eventually(lambda: place.history.counts()["stored"] == 40, "40 files are stored", seconds=60)
    eventually(lambda: len(list(place.folders.processed.iterdir())) == 40, "40 files are moved")
    assert place.images.page(1000)[1] == place.history.page(1000)[1] == 40
    assert list(place.folders.processing.iterdir()) == []
    host.stop()
    place.catalog.close()


@pytest.mark.usefixtures("no_workers")
def test_hundreds_of_files_at_once_are_each_queued_once(place, hosts):
    hosts(place)
    for number in range(300):
        (place.folders.data / f"{number}.csv").write_text("depth")
    eventually(lambda: place.history.counts()["queued"] >= 300, "300 files are queued", seconds=60)
    jobs, total = place.history.page(1000)
    assert total == len({job.name for job in jobs}) == 300
    assert len(list(place.folders.processing.iterdir())) == 300
    assert place.folders.listing() == {}


def test_switched_off_it_takes_nothing_until_it_is_started(tmp_path, hosts):
    place = Workplace.open(settings_in(tmp_path, pipeline_autostart=False))
    control = PipelineControl(place)
    host = hosts(place)
    eventually(lambda: control.status().host_alive, "there is a host")
    tiny_csv(place.folders.data / "x.csv")
    control.scan()
    eventually(lambda: control.status().caught_up, "the scan is done")
    assert (place.folders.data / "x.csv").exists() and not control.status().running
    assert SeenPool.made[-1].workers == []
    for _ in range(2):
        control.start()
    job_named(place, "x.csv", "stored")
    assert control.status().running
    for _ in range(2):
        control.stop()
    eventually(lambda: not control.status().running, "it is off")
    host.stop()
    assert PipelineControl(place).status().host_alive is False
    place.catalog.close()


@pytest.mark.usefixtures("no_workers")
def test_stopped_it_sleeps_although_files_wait(place, hosts, monkeypatch):
    object.__setattr__(place.settings, "stable_seconds", 0.3)
    control = PipelineControl(place)
    hosts(place)
    eventually(lambda: running(place), "it runs")
    tiny_csv(place.folders.data / "x.csv")
    eventually(lambda: control.status().board.waiting == 1, "the file is seen")
    control.stop()
    eventually(lambda: not running(place), "it is off")
    assert control.status().board.waiting == 0
    ticks: list[float] = []
    wait = PipelineHost.wait
    monkeypatch.setattr(PipelineHost, "wait", lambda *args: (ticks.append(args[2]), wait(*args))[1])
    eventually(lambda: len(ticks) >= 3, "it goes on")
    assert min(ticks) == hosting.TICK_SECONDS
    assert (place.folders.data / "x.csv").exists()


def test_a_file_that_kills_its_worker_three_times_fails_and_others_do_not(place, hosts):
    hosts(place)
    SeenPool.worker()
    long_csv(place.folders.data / "deadly.csv")
    job = job_named(place, "deadly.csv", "running")
    for death in range(1, 4):
        worker = eventually(lambda: begun_with(job), "a worker has begun with it")
        worker.process.kill()
        if death == 1:
            tiny_csv(place.folders.data / "innocent.csv")
        eventually(lambda death=death: place.jobs.get(job.id).crashes == death, "the death is charged")
    assert job_named(place, "deadly.csv", "failed").reason == "worker_died"
    innocent = job_named(place, "innocent.csv", "stored")
    assert innocent.crashes == 0
    eventually(lambda: (place.folders.failed / "deadly.csv.error.json").exists(), "the report is written")


def begun_with(job: Job) -> Worker | None:
    workers = SeenPool.made[-1].busy
    return next((one for one in workers if one.begun and one.step and one.step.lease.job_id == job.id), None)


def long_csv(path) -> None:
    """A file that takes a second to read."""
    head = "depth," + ",".join(f"col{column}" for column in range(200)) + "\n"
    row = ",7" * 200 + "\n"
    draft = path.with_name(f".{path.name}")
    draft.write_text(head + "".join(f"{depth}{row}" for depth in range(25_000)))
    draft.rename(path)


def test_a_worker_that_dies_before_it_takes_the_job_up_charges_nobody(place, hosts):
    hosts(place)
    worker, job = held_at_work(place)
    worker.process.kill()
    stored = job_named(place, "x.csv", "stored")
    assert (stored.id, stored.crashes, stored.attempts) == (job.id, 0, 1)


def test_a_worker_that_says_nothing_for_long_keeps_its_job_while_it_lives(place, hosts, monkeypatch):
    monkeypatch.setattr(foreman, "LEASE_SECONDS", 0.4)
    monkeypatch.setattr(foreman, "RENEWAL_SECONDS", 0.05)
    hosts(place)
    worker, job = held_at_work(place)
    eventually(lambda: place.jobs.get(job.id).lease_until > job.started_at + 2.0, "the lease goes on")
    let_go(worker)
    assert job_named(place, "x.csv", "stored").attempts == 1


def test_a_file_that_takes_too_long_fails(tmp_path, hosts):
    place = Workplace.open(settings_in(tmp_path, file_seconds=0.5))
    place.folders.ensure()
    host = hosts(place)
    held_at_work(place)
    assert job_named(place, "x.csv", "failed").reason == "took_too_long"
    tiny_csv(place.folders.data / "y.csv", 2.0)
    job_named(place, "y.csv", "stored", "failed")
    host.stop()
    place.catalog.close()


@pytest.mark.both_databases
def test_a_file_in_work_when_the_host_stops_is_put_back_and_not_charged(place, hosts):
    host = hosts(place)
    _, job = held_at_work(place)
    host.stop()
    put_back = place.jobs.get(job.id)
    assert (put_back.state, put_back.attempts, put_back.crashes) == ("queued", 0, 0)
    hosts(place)
    assert job_named(place, "x.csv", "stored").attempts == 1


@pytest.mark.both_databases
@pytest.mark.usefixtures("no_workers")
def test_the_second_host_stands_by_and_takes_over_with_what_was_asked(place, settings, hosts):
    control = PipelineControl(place)
    first = hosts(place)
    eventually(lambda: running(place), "the first runs")
    other = Workplace.open(settings)
    second = hosts(other)
    control.stop()
    eventually(lambda: not running(place), "it is off")
    assert control.status().board.host == first.owner
    first.stop()
    eventually(lambda: control.status().board.host == second.owner, "the second has taken over")
    assert not control.status().board.wanted
    control.start()
    tiny_csv(place.folders.data / "x.csv")
    job_named(place, "x.csv", "queued")
    second.stop()
    other.catalog.close()


@pytest.mark.both_databases
def test_a_host_that_is_killed_is_followed_within_seconds_and_nothing_is_lost(place, hosts):
    control = PipelineControl(place)
    variables = {
        "BOREHOLE_DATA_DIR": place.settings.data_dir,
        "BOREHOLE_DB_DIR": place.settings.db_dir,
        "BOREHOLE_LOG_DIR": place.settings.log_dir,
        "BOREHOLE_STABLE_SECONDS": "0.05",
        "BOREHOLE_INGEST_WORKERS": "1",
        "BOREHOLE_DATABASE_URL": place.settings.database_url or "",
    }
    environment = os.environ | {name: str(value) for name, value in variables.items()}
    command = [sys.executable, "-m", "app.ingestion", "--watch"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as first:
        eventually(lambda: running(place), "the first host runs")
        second = hosts(place)
        long_csv(place.folders.data / "x.csv")
        job = job_named(place, "x.csv", "running")
        control.stop()
        first.kill()
        eventually(lambda: control.status().board.host == second.owner, "it is followed", seconds=5)
    assert not control.status().board.wanted
    assert job_named(place, "x.csv", "queued").id == job.id
    control.start()
    stored = job_named(place, "x.csv", "stored")
    assert (stored.id, stored.crashes) == (job.id, 0)
    assert place.images.page(10)[1] == 1


@pytest.fixture
def other_machine(settings, tmp_path) -> Iterator[Workplace]:
    """The same catalog and data folder, and another `db/`."""
    opened = Workplace.open(settings.model_copy(update={"db_dir": tmp_path / "elsewhere"}))
    yield opened
    opened.catalog.close()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.usefixtures("no_workers")
def test_a_host_cut_off_from_postgresql_is_followed_and_says_nothing_more(
    place, other_machine, hosts, postgresql, database_url, monkeypatch
):
    """Whoever is quicker has the lock then: here the other machine, while the first one is held up."""
    hosts(place)
    eventually(lambda: running(place), "the first runs")
    held_up, let_go_on = threading.Event(), threading.Event()
    follow_clock = hosting.Hosting._follow_clock

    def hold_up(of: hosting.Hosting) -> None:
        if of.place is place and not held_up.is_set():
            held_up.set()
            assert let_go_on.wait(20)
        follow_clock(of)

    monkeypatch.setattr(hosting.Hosting, "_follow_clock", hold_up)
    assert held_up.wait(20)
    second = hosts(other_machine)
    assert postgresql.cut_off_who_holds_a_lock(database_url) == 1
    eventually(lambda: place.board.read().host == second.owner, "it is followed", seconds=5)
    let_go_on.set()
    eventually(lambda: SeenPool.made[0].stopped, "the first has stopped hosting")
    tiny_csv(place.folders.data / "x.csv")
    job_named(place, "x.csv", "queued")
    board = place.board.read()
    assert (board.host, board.running, board.mode) == (second.owner, True, "native")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_host_that_gets_its_lock_back_goes_on_with_its_workers(place, hosts, postgresql, database_url):
    host = hosts(place)
    worker, _ = held_at_work(place)
    assert postgresql.cut_off_who_holds_a_lock(database_url) == 1
    control = PipelineControl(place)
    asked = control.status().board.scans_asked + 1
    control.scan()
    eventually(lambda: control.status().board.scans_done == asked, "it goes on")
    assert place.board.read().host == host.owner
    let_go(worker)
    assert job_named(place, "x.csv", "stored").attempts == 1
    assert len(SeenPool.made) == 1


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.usefixtures("no_workers")
def test_of_two_machines_one_hosts_and_takes_each_file_once(place, other_machine, hosts):
    first, second = hosts(place), hosts(other_machine)
    eventually(lambda: running(place), "one runs")
    for number in range(30):
        tiny_csv(place.folders.data / f"{number}.csv", float(number))
    eventually(lambda: place.history.counts()["queued"] == 30, "30 files are queued")
    assert place.history.page(100)[1] == 30
    assert place.board.read().host == first.owner != second.owner


@pytest.mark.usefixtures("no_workers")
def test_one_file_that_cannot_be_taken_holds_up_no_other_and_is_told(place, hosts, monkeypatch):
    claim = type(place.folders).claim

    def busy(self: Any, name: str) -> Any:
        if name == "mounted.csv":
            raise OSError(errno.EBUSY, "Device or resource busy")
        return claim(self, name)

    control = PipelineControl(place)
    with monkeypatch.context() as patched:
        patched.setattr(type(place.folders), "claim", busy)
        hosts(place)
        tiny_csv(place.folders.data / "mounted.csv", 1.0)
        trouble = eventually(lambda: control.status().board.trouble, "the trouble is told")
        assert trouble == "mounted.csv cannot be taken: Device or resource busy"
        tiny_csv(place.folders.data / "other.csv", 2.0)
        job_named(place, "other.csv", "queued")
        assert control.status().board.trouble == trouble
    job_named(place, "mounted.csv", "queued")
    eventually(lambda: control.status().board.trouble is None, "the trouble is over")


@pytest.mark.usefixtures("no_workers")
def test_a_data_folder_that_cannot_be_had_is_told_while_it_lasts(place, hosts):
    control = PipelineControl(place)
    hosts(place)
    eventually(lambda: running(place), "it runs")
    shutil.rmtree(place.folders.data)
    place.folders.data.write_text("a file where the folder was")
    eventually(lambda: "data" in (control.status().board.trouble or ""), "the trouble is told")
    seen_at = control.status().board.seen_at
    assert control.status().host_alive and seen_at > 0
    place.folders.data.unlink()
    eventually(lambda: place.folders.data.is_dir(), "the folder is made")
    tiny_csv(place.folders.data / "x.csv")
    job_named(place, "x.csv", "queued")
    assert eventually(lambda: control.status().board.trouble is None, "the trouble is over")


@pytest.mark.usefixtures("no_workers")
def test_a_data_folder_made_anew_under_a_running_host_is_served_at_once(place, hosts):
    hosts(place)
    eventually(lambda: running(place), "it runs")
    shutil.rmtree(place.folders.data)
    place.folders.data.mkdir()
    tiny_csv(place.folders.data / "x.csv")
    job_named(place, "x.csv", "queued")


@pytest.mark.usefixtures("no_workers")
def test_a_catalog_that_is_locked_for_a_while_costs_nothing_but_time(tmp_path, hosts, monkeypatch):
    monkeypatch.setattr(engines, "BUSY_SECONDS", 0.1)
    place = Workplace.open(settings_in(tmp_path))
    place.folders.ensure()
    host = hosts(place)
    eventually(lambda: running(place), "it runs")
    collected: list[str] = []
    noted = hosting.Hosting._noting_trouble
    monkeypatch.setattr(
        hosting.Hosting,
        "_noting_trouble",
        lambda self: (collected.extend(self.troubles), noted(self))[1],
    )
    locker = sqlite3.connect(place.settings.db_dir / "catalog.sqlite", isolation_level=None)
    locker.execute("BEGIN EXCLUSIVE")
    tiny_csv(place.folders.data / "x.csv")
    eventually(lambda: any("locked" in trouble for trouble in collected), "the host meets the lock")
    locker.execute("ROLLBACK")
    locker.close()
    job_named(place, "x.csv", "queued")
    assert place.history.page(10)[1] == 1
    host.stop()
    place.catalog.close()


@pytest.mark.usefixtures("no_workers")
def test_a_host_that_stumbles_starts_over_and_keeps_what_was_asked(place, hosts, monkeypatch):
    control = PipelineControl(place)
    hosts(place)
    eventually(lambda: running(place), "it runs")
    control.stop()
    eventually(lambda: not running(place), "it is off")

    stumbled: list[bool] = []

    def stumble(*_: object) -> None:
        stumbled.append(True)
        raise RuntimeError("a bug")

    with monkeypatch.context() as patched:
        patched.setattr(hosting, "keep_house", stumble)
        eventually(lambda: len(stumbled) >= 2, "it stumbles and starts over")
    eventually(lambda: len(SeenPool.made) >= 3 and control.status().host_alive, "it is back")
    assert not control.status().board.wanted


@pytest.mark.usefixtures("no_workers")
def test_files_of_jobs_that_others_finished_are_moved_by_the_host(place, taken, hosts):
    job, lease = taken()
    place.jobs.fail(lease, 1.0, FileError(Reason.NOT_TEXT, "no text"))
    # and then whoever did it was killed, long ago
    hosts(place)
    eventually(lambda: place.jobs.get(job.id).settled, "the file is moved")
    assert (place.folders.failed / "x.csv").exists()


@pytest.mark.usefixtures("no_workers")
def test_a_status_that_cannot_be_told_is_told_later(place, hosts, monkeypatch):
    control = PipelineControl(place)
    with monkeypatch.context() as patched:

        def silent(*_: object, **changes: object) -> None:
            raise CatalogUnavailable("the catalog does not answer")

        patched.setattr(type(place.board), "tell", silent)
        hosts(place)
        tiny_csv(place.folders.data / "x.csv")
        job_named(place, "x.csv", "queued")  # it works all the same
        assert not control.status().running
    eventually(lambda: running(place), "it is told")


@pytest.mark.usefixtures("no_workers")
@pytest.mark.parametrize("autostart", [True, False])
def test_a_server_that_starts_after_another_was_killed_does_as_its_settings_say(tmp_path, hosts, autostart):
    place = Workplace.open(settings_in(tmp_path, pipeline_autostart=autostart))
    place.board.update(host="killed", wanted=not autostart, running=not autostart)
    host = hosts(place)
    eventually(lambda: place.board.read().host == host.owner, "it hosts")
    assert place.board.read().wanted is autostart
    host.stop()
    place.catalog.close()


def test_what_is_asked_while_a_host_takes_over_is_not_undone(place, monkeypatch):
    control = PipelineControl(place)
    place.board.update(host="killed", wanted=True)
    monkeypatch.setattr(type(place.jobs), "release_all_of", lambda self, owner: control.stop())
    hosting.Hosting(PipelineHost(place)).take_over(first=False)
    assert not place.board.read().wanted


def test_each_time_of_hosting_has_a_name_of_its_own(place):
    """What a thread of an earlier time still does must not count for the next."""
    host = PipelineHost(place)
    names = {hosting.Hosting(host).owner for _ in range(2)}
    assert len(names) == 2 and host.owner in names


def test_a_wake_that_comes_while_others_are_taken_in_does_not_silence_the_next(place):
    host = PipelineHost(place)
    reader = host._wake_reader

    class Reader:
        """Somebody wakes the host just before it looks whether more has come."""

        asked = 0

        def poll(self, *timeout: float) -> bool:
            self.asked += 1
            if self.asked == 1:
                host.wake()
            return reader.poll(*timeout)

        def recv_bytes(self) -> bytes:
            return reader.recv_bytes()

    class Pool:
        def wait(self, seconds: float, *others: object) -> list[object]:
            return []

    host._wake_reader = Reader()  # type: ignore[assignment]
    host.wait(Pool(), 0.0)  # type: ignore[arg-type]
    host.wake()
    assert reader.poll(), "the next wake is heard"
    reader.close()
    host._wake_writer.close()


def test_until_the_arrays_answer_files_are_taken_and_wait_and_the_status_says_why(place, hosts, monkeypatch):
    """Only they can say which image ids are in use."""

    def away(_: Workplace) -> None:
        raise StorageUnavailable("s3://wells does not answer")

    with monkeypatch.context() as patched:
        patched.setattr(hosting, "skip_ids_in_use", away)
        hosts(place)
        tiny_csv(place.folders.data / "x.csv")
        job = eventually(lambda: next(iter(place.history.page(1)[0]), None), "the file is taken")
        status = eventually(lambda: (told := place.board.read()).trouble and told, "the trouble is told")
        assert "s3://wells does not answer" in status.trouble
        assert place.jobs.get(job.id).state == "queued"
    eventually(lambda: place.jobs.get(job.id).state == "stored", "it goes on by itself")
    eventually(lambda: place.board.read().trouble is None, "the trouble is over")
