"""Steps as tasks of a Dask cluster.

Dask finds a worker for each, and runs again what was in flight on a worker that died, which is safe: whatever a
step does counts only once the catalog has it, and the catalog takes it from the holder of the job's lease, once. A
task that ended `allowed-failures` + 1 workers (a setting of Dask's scheduler) is poison, and its job fails. If the
scheduler dies with all it knew, the jobs are given back: the queue is the catalog's.

What is sent is opaque to the scheduler, which needs nothing of ours installed; and no secrets are in it: where
arrays and catalog are, workers know by settings of their own.
"""

from __future__ import annotations

import logging
import multiprocessing
import pickle
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any

import dask
from distributed import Client, Future
from distributed import wait as wait_for_futures
from distributed.scheduler import KilledWorker

from app.errors import WorkersUnavailable
from app.pipeline.crew import Ended, Fate
from app.pipeline.steps import Step
from app.settings import Settings

log = logging.getLogger("borehole.pipeline")

CONNECT_SECONDS = 1.0
ANSWER_SECONDS = 2.0
RESULT_SECONDS = 10.0
PATIENCE_SECONDS = 5.0
"""So long nothing is asked of a cluster that has failed us."""
CENSUS_SECONDS = 2.0
"""As old may be what we know of how many workers there are."""
LARGE_PART_BYTES = "200 MB"
"""The end of a file of a million rows is told its parts' depths and sums: 55 MB."""


Task = Future[Any]


@dataclass
class _Given:
    step: Step
    since: float
    """When a worker took it up, as far as we know."""


class DaskCrew:
    """address: of the scheduler, such as tcp://scheduler:8786."""

    def __init__(self, settings: Settings, address: str) -> None:
        self.address = address
        self.reading = settings.of_reading
        self.size = 0
        self._client: Client | None = None
        self._given: dict[Task, _Given] = {}
        self._counted = self._idle_until = float("-inf")
        self._trouble = ""
        self._news, self._tell = multiprocessing.Pipe(duplex=False)

    def start(self) -> None:
        now = time.monotonic()
        if now < self._idle_until:
            raise WorkersUnavailable(self._trouble)
        if self._client is None or self._client.status == "closed":
            self._connect()
        if now - self._counted >= CENSUS_SECONDS:
            self._count()
        if not self.size:
            raise WorkersUnavailable(f"the Dask scheduler {self.address} has no workers")

    @property
    def free(self) -> int:
        in_touch = self._client is not None and self._client.status == "running"
        if not in_touch or time.monotonic() < self._idle_until:
            return 0
        return max(0, self.size - len(self._given))

    @property
    def at_work(self) -> Sequence[Step]:
        return [given.step for given in self._given.values()]

    def submit(self, step: Step) -> None:
        assert self._client is not None, "nobody is free before the crew has started"
        task = pickle.dumps((step, self.reading))
        key = f"{step.label}-{secrets.token_hex(4)}"
        with dask.config.set({"distributed.admin.large-graph-warning-threshold": LARGE_PART_BYTES}):
            future = self._client.submit(_carried_out(), task, key=key, pure=False)
        self._given[future] = _Given(step, time.monotonic())
        future.add_done_callback(self._announce)

    def wait(self, timeout: float, *others: Connection) -> list[object]:
        ready: list[object] = list(wait([self._news, *others], timeout))
        while self._news.poll():
            self._news.recv_bytes()
        return ready

    def collect(self) -> Iterator[Ended]:
        for future, given in list(self._given.items()):
            if future.done():
                del self._given[future]
                yield self._ended(future, given.step)

    def end_overdue(self, limit_seconds: float) -> Iterator[Step]:
        """A worker must be at them: time spent waiting for one is no fault of the file's."""
        now = time.monotonic()
        overdue = [future for future, given in self._given.items() if now - given.since > limit_seconds]
        under_way = self._under_way() if overdue else {}
        for future in overdue:
            worker = under_way.get(future.key)
            if worker is None:
                self._given[future].since = now
                continue
            given = self._given.pop(future)
            self._end_its_worker(future, worker)
            yield given.step

    def stop(self, grace_seconds: float) -> None:
        if self._client is None:
            return
        with suppress(Exception):  # whatever is left is given back, by the catalog's word
            wait_for_futures(list(self._given), timeout=grace_seconds)
        for future in self._given:
            with suppress(Exception):
                future.cancel(force=True)
        self._given.clear()
        self._leave()

    def _connect(self) -> None:
        self._leave()
        try:
            self._client = Client(
                self.address, timeout=CONNECT_SECONDS, set_as_default=False, name="borehole-host"
            )
        except (OSError, TimeoutError) as error:
            raise self._rest(f"the Dask scheduler {self.address} does not answer") from error
        log.info("ingesting on the Dask cluster of %s", self.address)
        self._counted = float("-inf")

    def _count(self) -> None:
        assert self._client is not None
        if self._client.status != "running":  # Dask itself connects again, for a while
            self.size = 0
            raise WorkersUnavailable(f"the Dask scheduler {self.address} does not answer")
        try:
            processing: dict[str, list[object]] = self._ask("processing")
        except (OSError, TimeoutError) as error:
            self.size = 0
            raise self._rest(f"the Dask scheduler {self.address} does not answer") from error
        self.size = len(processing)  # not their threads: those of one process take turns
        self._counted = time.monotonic()
        under_way = _workers_by_key(processing)
        for future, given in self._given.items():
            if future.key not in under_way:
                given.since = self._counted

    def _under_way(self) -> dict[object, str]:
        """The worker that is at it, for the key of each task; of none where the scheduler does not answer."""
        try:
            return _workers_by_key(self._ask("processing"))
        except (OSError, TimeoutError):
            return {}

    def _ask(self, question: str) -> Any:
        """What the scheduler answers, within reason. Raises OSError, TimeoutError."""
        client = self._client
        assert client is not None
        return client.sync(getattr(client.scheduler, question), callback_timeout=ANSWER_SECONDS)

    def _rest(self, trouble: str) -> WorkersUnavailable:
        """Ask nothing of the cluster for some seconds; what to raise, if anything."""
        self._trouble, self._idle_until = trouble, time.monotonic() + PATIENCE_SECONDS
        return WorkersUnavailable(trouble)

    def _ended(self, future: Task, step: Step) -> Ended:
        if future.status == "finished":
            try:
                return Ended(step, Fate.DONE, future.result(timeout=RESULT_SECONDS))
            except Exception as error:  # whatever counts of it is in the catalog
                log.warning("the result of %s did not arrive: %s", future.key, error)
        elif future.status == "error":
            failure = future.exception()
            if isinstance(failure, KilledWorker):
                return Ended(step, Fate.DIED, deaths=failure.allowed_failures + 1)
            log.error("a Dask worker could not begin with %s: %s", step.label, failure, exc_info=failure)
            self._rest(f"a worker of the Dask cluster cannot work: {failure}")
        return Ended(step, Fate.NEVER_BEGAN)

    def _end_its_worker(self, future: Task, worker: str) -> None:
        client = self._client
        assert client is not None
        with suppress(Exception):  # the cluster may be gone: nobody is late any more then
            future.cancel(force=True)
            client.restart_workers([worker], timeout=ANSWER_SECONDS, raise_for_error=False)

    def _announce(self, future: Task) -> None:
        with suppress(OSError):
            self._tell.send_bytes(b"!")

    def _leave(self) -> None:
        if self._client is not None:
            with suppress(Exception):
                self._client.close(timeout=CONNECT_SECONDS)
            self._client = None
        self.size = 0


def _workers_by_key(processing: dict[str, list[object]]) -> dict[object, str]:
    """processing: the keys of the tasks that each worker is at."""
    return {key: worker for worker, keys in processing.items() for key in keys}


def _carried_out() -> Callable[[bytes], Any]:
    """The function that a task is. Made here it is sent by value: the scheduler could not import one of ours."""

    def carry_out(task: bytes) -> Any:
        from app.pipeline.dask_worker import carry_out

        return carry_out(task)

    return carry_out
