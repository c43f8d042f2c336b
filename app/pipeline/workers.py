"""Worker processes: spawned, started once and kept warm, at lower priority, gone when their parent is."""

from __future__ import annotations

import ctypes
import logging
import multiprocessing
import os
import resource
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from app import logs
from app.ingestion.warming import warm_up
from app.memory import keep_what_is_freed
from app.pipeline.crew import Ended, Fate
from app.pipeline.steps import Step
from app.pipeline.workplace import Workplace
from app.pipeline.yielding import yielding
from app.settings import Settings

log = logging.getLogger("borehole.worker")

NICENESS = 10
KILL_SECONDS = 5.0
BEGUN = "begun"


@dataclass
class Worker:
    process: BaseProcess
    connection: Connection
    step: Step | None = None
    """What it works on; None while it is idle."""
    since: float = 0.0
    """When it was given that, by the monotonic clock."""
    begun: bool = False
    """Whether it said that it has begun: while a step is under way to it, a worker dies of something else."""


class WorkerPool:
    """A fixed number of workers, each with a pipe of its own: one that dies takes nothing else with it.

    To be used from one thread only, which must outlive the workers: the kernel ends them with it.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.workers: list[Worker] = []

    def start(self) -> None:
        while len(self.workers) < self.settings.ingest_workers:
            self.workers.append(self._spawn())

    @property
    def size(self) -> int:
        return self.settings.ingest_workers

    @property
    def free(self) -> int:
        return len(self.idle)

    @property
    def at_work(self) -> list[Step]:
        return [worker.step for worker in self.workers if worker.step is not None]

    @property
    def idle(self) -> list[Worker]:
        return [worker for worker in self.workers if worker.step is None]

    @property
    def busy(self) -> list[Worker]:
        return [worker for worker in self.workers if worker.step is not None]

    def submit(self, step: Step) -> None:
        """To a worker that is idle: there must be one."""
        worker = self.idle[0]
        worker.step, worker.since, worker.begun = step, time.monotonic(), False
        try:
            worker.connection.send(step)
        except OSError:  # it died while idle, as `collect` will find
            log.debug("worker %s is gone", worker.process.pid)

    def wait(self, timeout: float, *others: Connection) -> list[object]:
        return list(wait([worker.connection for worker in self.workers] + list(others), timeout))

    def collect(self) -> Iterator[Ended]:
        """Dead workers are replaced."""
        for worker in list(self.workers):
            try:
                while worker.connection.poll():
                    said = worker.connection.recv()
                    if said == BEGUN:
                        worker.begun = True
                    elif worker.step is not None:
                        step, worker.step = worker.step, None
                        yield Ended(step, Fate.DONE, said)
            except (EOFError, OSError):
                self._replace(worker)
                if worker.step is not None:
                    yield Ended(worker.step, Fate.DIED if worker.begun else Fate.NEVER_BEGAN)

    def end_overdue(self, limit_seconds: float) -> Iterator[Step]:
        """Their workers are killed, and replaced."""
        now = time.monotonic()
        for worker in self.busy:
            if now - worker.since > limit_seconds and worker.step is not None:
                worker.process.kill()
                self._replace(worker)
                yield worker.step

    def stop(self, grace_seconds: float) -> None:
        for worker in self.workers:
            worker.connection.close() if worker.step is None else _ask_to_end(worker)
        deadline = time.monotonic() + grace_seconds
        for worker in self.workers:
            worker.process.join(max(0.0, deadline - time.monotonic()))
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            worker.connection.close()
        self.workers.clear()

    def _spawn(self) -> Worker:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(
            target=_work,
            args=(self.settings, theirs, os.getpid(), logs.console_level()),
            name="borehole-worker",
            daemon=True,
        )
        process.start()
        theirs.close()
        return Worker(process, ours)

    def _replace(self, worker: Worker) -> None:
        worker.process.join(KILL_SECONDS)
        if worker.process.is_alive():
            worker.process.kill()
            worker.process.join()
        log.warning("worker %s ended with exit code %s", worker.process.pid, worker.process.exitcode)
        worker.connection.close()
        self.workers[self.workers.index(worker)] = self._spawn()


def _ask_to_end(worker: Worker) -> None:
    try:
        worker.connection.send(None)
    except OSError:
        log.debug("worker %s is gone", worker.process.pid)


def _work(settings: Settings, connection: Connection, parent: int, console_level: str) -> None:
    """A worker's life: a step, its result, the next step; until it is asked to end, or its parent is gone."""
    _end_with(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then ends us in order
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.nice(NICENESS)
    keep_what_is_freed()
    _limit_memory(settings.worker_memory_bytes)
    logs.configure(settings, console_level)
    warm_up(settings)
    place = Workplace.open(settings)
    while (step := _next(connection)) is not None:
        connection.send(BEGUN)
        with yielding():
            result = step.run(place)
        connection.send(result)


def _next(connection: Connection) -> Step | None:
    try:
        step: Step | None = connection.recv()
    except (EOFError, OSError):
        return None
    return step


def _end_with(parent: int) -> None:
    """Let the kernel kill us when the thread that spawned us ends, however it ends (Linux)."""
    if sys.platform == "linux":
        death_signal = 1  # PR_SET_PDEATHSIG
        ctypes.CDLL(None).prctl(death_signal, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def _limit_memory(limit: int) -> None:
    """Let an allocation beyond the limit fail here, before the system has to choose whom to kill."""
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if hard == resource.RLIM_INFINITY or limit <= hard:
        resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))
