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
        with dask.config.set({"distributed.admin.large-graph-warning-threshold": LARGE_PART_BYTES}):
            try:
                self._client = Client(
                    self.address, timeout=CONNECT_SECONDS, set_as_default=False, name="borehole-host"
                )
            except (OSError, TimeoutError) as error:
                self._rest(f"the Dask scheduler {self.address} does not answer", error)
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
            self._rest(f"the Dask scheduler {self.address} does not answer", error)
        self.size = len(processing)  # not their threads: those of one process take turns
        self._counted = time.monotonic()
        under_way = {key for keys in processing.values() for key in keys}
        for future, given in self._given.items():
            if future.key not in under_way:
                given.since = self._counted

    def _under_way(self) -> dict[object, str]:
        """The worker that is at it, for the key of each task; of none where the scheduler does not answer."""
        try:
            processing = self._ask("processing")
        except (OSError, TimeoutError):
            return {}
        return {key: worker for worker, keys in processing.items() for key in keys}

    def _ask(self, question: str) -> Any:
        """What the scheduler answers, within reason. Raises OSError, TimeoutError."""
        client = self._client
        assert client is not None
        return client.sync(getattr(client.scheduler, question), callback_timeout=ANSWER_SECONDS)

    def _rest(self, trouble: str, cause: Exception) -> None:
        """Raises WorkersUnavailable, and goes on to for some seconds."""
        self._trouble, self._idle_until = trouble, time.monotonic() + PATIENCE_SECONDS
        raise WorkersUnavailable(trouble) from cause

    def _ended(self, future: Task, step: Step) -> Ended:
        if future.status == "finished":
            result = self._result(future)
            return Ended(step, Fate.DONE, result) if result is not _GONE else Ended(step, Fate.NEVER_BEGAN)
        if future.status == "error":
            error = future.exception()
            if isinstance(error, KilledWorker):
                return Ended(step, Fate.DIED, deaths=error.allowed_failures + 1)
            log.error("a Dask worker could not begin with %s: %s", step.label, error, exc_info=error)
            self._trouble = f"a worker of the Dask cluster cannot work: {error}"
            self._idle_until = time.monotonic() + PATIENCE_SECONDS
        return Ended(step, Fate.NEVER_BEGAN)

    def _result(self, future: Task) -> Any:
        """_GONE where it was lost on its way: whatever counts of it is in the catalog."""
        try:
            return future.result(timeout=ANSWER_SECONDS * 5)
        except Exception as error:
            log.warning("the result of %s did not arrive: %s", future.key, error)
            return _GONE

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


_GONE = object()


def _carried_out() -> Callable[[bytes], Any]:
    """The function that a task is. Made here it is sent by value: the scheduler could not import one of ours."""

    def carry_out(task: bytes) -> Any:
        from app.pipeline.dask_worker import carry_out

        return carry_out(task)

    return carry_out
