from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.pipeline import workers as workers_module
from app.pipeline.crew import Ended, Fate
from app.pipeline.steps import WholeJob
from app.pipeline.workers import Worker, WorkerPool
from tests.builders import eventually, settings_in, tiny_csv

PARENT = """
import sys, time
from pathlib import Path
from app.pipeline.workers import WorkerPool
from tests.builders import settings_in

if __name__ == "__main__":
    pool = WorkerPool(settings_in(Path(sys.argv[1]), ingest_workers=2))
    pool.start()
    print(*(worker.process.pid for worker in pool.workers), flush=True)
    time.sleep(60)
"""


@pytest.fixture
def pool(settings) -> Iterator[WorkerPool]:
    made = WorkerPool(settings)
    made.start()
    yield made
    for worker in made.workers:
        if worker.process.is_alive():
            os.kill(worker.process.pid, signal.SIGCONT)
    made.stop(0.0)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def suspend(worker: Worker) -> None:
    """As if the worker were lost in a file for good."""
    os.kill(worker.process.pid, signal.SIGSTOP)


def collected(pool: WorkerPool) -> list[Any]:
    return list(pool.collect())


def begun(pool: WorkerPool, worker: Worker) -> bool:
    assert collected(pool) == []
    return worker.begun


def test_a_worker_takes_one_job_after_the_other(place, pool, taken):
    (worker,) = pool.workers
    for name, first in (("x.csv", 1.0), ("y.csv", 2.0)):
        job, lease = taken(name, first)
        pool.submit(WholeJob(job, lease))
        assert pool.busy == [worker]
        found = eventually(lambda: collected(pool), "the worker is done")
        assert found == [Ended(WholeJob(job, lease), Fate.DONE, None)] and pool.idle == [worker]
        assert place.jobs.get(job.id).state == "stored"
    assert pool.workers == [worker]
    assert os.getpriority(os.PRIO_PROCESS, worker.process.pid) == workers_module.NICENESS


def test_a_worker_killed_over_a_job_is_replaced_and_the_job_is_named(pool, taken, place):
    (worker,) = pool.workers
    job, lease = taken()
    with place.catalog.writing():  # it waits for the catalog, job in hand
        pool.submit(WholeJob(job, lease))
        eventually(lambda: begun(pool, worker), "the worker has begun")
        worker.process.kill()
    found = eventually(lambda: collected(pool), "its death is noticed")
    assert [(ended.step.lease, ended.fate) for ended in found] == [(lease, Fate.DIED)]
    assert len(pool.idle) == 1 and pool.idle[0].process.pid != worker.process.pid


def test_a_worker_killed_while_idle_is_replaced_and_nobody_is_named(pool):
    (worker,) = pool.workers
    worker.process.kill()
    worker.process.join()
    eventually(lambda: collected(pool) == [] and pool.workers != [worker], "it is replaced")


def test_a_worker_that_died_before_it_was_given_a_job_has_not_begun_with_it(pool, taken):
    (worker,) = pool.workers
    worker.process.kill()
    worker.process.join()
    job, lease = taken()
    pool.submit(WholeJob(job, lease))
    (ended,) = eventually(lambda: collected(pool), "its death is noticed")
    assert (ended.step.lease, ended.fate) == (lease, Fate.NEVER_BEGAN)


def test_a_worker_that_takes_too_long_is_killed_and_replaced(pool, taken):
    (worker,) = pool.workers
    suspend(worker)
    job, lease = taken()
    pool.submit(WholeJob(job, lease))
    assert list(pool.end_overdue(3600.0)) == []
    worker.since -= 3600.0
    assert [step.lease for step in pool.end_overdue(3599.0)] == [lease]
    assert not alive(worker.process.pid)
    assert len(pool.idle) == 1


def test_stopping_lets_a_job_finish_within_its_grace(pool, taken, place):
    job, lease = taken()
    pool.submit(WholeJob(job, lease))
    pool.stop(20.0)
    assert place.jobs.get(job.id).state == "stored"
    assert pool.workers == []


def test_stopping_cuts_a_job_short_that_does_not_finish(pool, taken, place):
    (worker,) = pool.workers
    suspend(worker)
    job, lease = taken()
    pool.submit(WholeJob(job, lease))
    pool.stop(0.0)
    assert not alive(worker.process.pid)


def test_stopping_copes_with_a_worker_that_is_gone(pool, taken):
    (worker,) = pool.workers
    worker.process.kill()
    worker.process.join()
    job, lease = taken()
    pool.submit(WholeJob(job, lease))
    pool.stop(0.0)
    assert pool.workers == []


def test_a_worker_that_will_not_end_after_it_closed_its_pipe_is_killed(pool, monkeypatch):
    (worker,) = pool.workers
    suspend(worker)
    monkeypatch.setattr(workers_module, "KILL_SECONDS", 0.01)
    worker.connection.close()
    assert collected(pool) == []
    assert not alive(worker.process.pid)


def test_idle_workers_end_when_they_are_asked_to(pool):
    processes = [worker.process for worker in pool.workers]
    pool.stop(20.0)
    assert [process.exitcode for process in processes] == [0]


def test_workers_do_not_outlive_a_parent_that_is_killed(tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    environment = os.environ | {"PYTHONPATH": str(Path.cwd())}
    command = [sys.executable, str(script), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as parent:
        assert parent.stdout is not None
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(pids) == 2 and all(alive(pid) for pid in pids)
        parent.kill()
        eventually(lambda: not any(alive(pid) for pid in pids), "the workers are gone", seconds=10)


def test_a_file_too_large_for_a_workers_memory_is_told_so(tmp_path, place, taken):
    limited = settings_in(tmp_path, worker_memory_bytes=768 * 1024 * 1024, source_width="any")
    pool = WorkerPool(limited)
    pool.start()
    tiny_csv(place.folders.data / "wide.csv", width=12_000)  # the matrix that resamples it takes 1.2 GB
    job, lease = taken("wide.csv", made=True)
    pool.submit(WholeJob(job, lease))
    (ended,) = eventually(lambda: collected(pool), "the worker is done")
    assert ended.fate is Fate.DONE, "it lives"
    pool.stop(20.0)
    ended = place.jobs.get(job.id)
    assert (ended.state, ended.reason) == ("retrying", "out_of_memory")
    assert "BOREHOLE_WORKER_MEMORY_BYTES" in (ended.message or "")


# What only ever runs in a worker, here in this process.


def test_the_memory_limit_keeps_within_the_systems_own(monkeypatch):
    set_to: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: set_to.append(limits))
    for hard in (resource.RLIM_INFINITY, 1000, 10):
        monkeypatch.setattr(resource, "getrlimit", lambda _, hard=hard: (hard, hard))
        workers_module._limit_memory(100)
    assert set_to == [(100, resource.RLIM_INFINITY), (100, 1000)]


def test_a_worker_whose_parent_is_already_gone_ends(monkeypatch):
    class Ended(Exception):
        pass

    def end(code: int) -> None:
        raise Ended(code)

    monkeypatch.setattr(workers_module.ctypes, "CDLL", lambda _: type("C", (), {"prctl": lambda *_: 0})())
    monkeypatch.setattr(os, "_exit", end)
    workers_module._end_with(os.getppid())
    with pytest.raises(Ended):
        workers_module._end_with(1 if os.getppid() != 1 else 2)
    monkeypatch.setattr(sys, "platform", "darwin")
    workers_module._end_with(-1)


def test_a_workers_life(place, settings, taken, monkeypatch):
    for step in ("_end_with", "_limit_memory", "warm_up"):
        monkeypatch.setattr(workers_module, step, lambda *_: None)
    monkeypatch.setattr(workers_module.logs, "configure", lambda *_: None)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(os, "nice", lambda _: 0)
    job, lease = taken()
    ours, theirs = workers_module.multiprocessing.Pipe()
    ours.send(WholeJob(job, lease))
    ours.send(None)
    workers_module._work(settings, theirs, os.getpid(), "ERROR")
    assert [ours.recv(), ours.recv()] == [workers_module.BEGUN, None]
    assert place.jobs.get(job.id).state == "stored"
    ours.close()
    assert workers_module._next(theirs) is None
    theirs.close()
