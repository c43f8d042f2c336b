"""The host: in one process of all, the thread that notices files, hands out jobs and keeps house."""

from __future__ import annotations

import logging
import multiprocessing
import os
import secrets
import socket
import threading
import time

from app.errors import CatalogUnavailable, FileError, Reason
from app.pipeline.claiming import enqueue, return_orphans
from app.pipeline.lock import HostLock
from app.pipeline.settling import settle, settle_all
from app.pipeline.stability import StabilityTracker
from app.pipeline.sweeping import sweep
from app.pipeline.watching import POLL_SECONDS, Watch
from app.pipeline.workers import WorkerPool
from app.pipeline.workplace import Workplace
from app.storage.catalog.jobs import Lease, LeaseLost

log = logging.getLogger("borehole.pipeline")

TICK_SECONDS = 0.25
LOCK_RETRY_SECONDS = 1.0
HEARTBEAT_SECONDS = 5.0
HOUSEKEEPING_SECONDS = 10.0
LEASE_SECONDS = 60.0
STOP_GRACE_SECONDS = 8.0
CRASHES_BEFORE_FAILING = 3


class PipelineHost:
    """Every API process has one; the one that gets the lock does the work, the others stand by."""

    def __init__(self, place: Workplace) -> None:
        self.place = place
        self.owner = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        self.lock = HostLock(place.settings.db_dir / "pipeline.lock")
        self._stopping = threading.Event()
        self._woken = False
        self._wake_reader, self._wake_writer = multiprocessing.Pipe(duplex=False)
        self._thread = threading.Thread(target=self._run, name="pipeline-host", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Let running files finish for a moment, put the others back, and give the lock away."""
        self._stopping.set()
        self.wake()
        self._thread.join()
        self._wake_reader.close()
        self._wake_writer.close()

    def wake(self) -> None:
        """Look now, not at the next tick. To be called from any thread."""
        if not self._woken:
            self._woken = True
            self._wake_writer.send_bytes(b"!")

    def wait(self, pool: WorkerPool, seconds: float) -> None:
        """Until a worker reports, somebody wakes us, or the time is up."""
        pool.wait(seconds, self._wake_reader)
        self._woken = False
        while self._wake_reader.poll():
            self._wake_reader.recv_bytes()

    @property
    def stopping(self) -> bool:
        return self._stopping.is_set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                if self.lock.acquire():
                    _Hosting(self).run()
            except Exception:
                log.exception("the pipeline's host stumbled and starts over")
            finally:
                self.lock.release()
            self._stopping.wait(LOCK_RETRY_SECONDS)


class _Hosting:
    """The time during which this process holds the lock."""

    def __init__(self, host: PipelineHost) -> None:
        self.host = host
        self.place = host.place
        self.owner = host.owner
        self.settings = host.place.settings
        self.pool = WorkerPool(self.settings)
        self.tracker = StabilityTracker(self.settings.stable_seconds)
        self.watch: Watch | None = None
        self.hints: set[str] = set()
        self.trouble: str | None = None
        self.told: tuple[object, ...] | None = None
        self.scans_done = 0
        self.last_listing = self.last_heartbeat = self.last_housekeeping = float("-inf")

    def run(self) -> None:
        self._take_over()
        try:
            while not self.host.stopping:
                self._tick()
                due_in = self.tracker.due_in(time.monotonic())
                self.host.wait(
                    self.pool, TICK_SECONDS if due_in is None else min(TICK_SECONDS, due_in + 0.005)
                )
        finally:
            self._end()

    def _take_over(self) -> None:
        """Go on where the last host left off; one that was stopped in order leaves what the settings say."""
        self.place.folders.ensure()
        board = self.place.board.read()
        wanted = self.settings.pipeline_autostart
        if board.host is not None:
            log.warning("the host %s is gone; taking over", board.host)
            self.place.jobs.release_all_of(board.host)
            wanted = board.wanted
        self.scans_done = board.scans_done
        self.place.board.update(host=self.owner, wanted=wanted)

    def _tick(self) -> None:
        try:
            self._one_tick()
            self.trouble = None
        except (OSError, CatalogUnavailable) as error:
            if self.trouble != str(error):
                log.warning("the pipeline waits: %s", error)
            self.trouble = str(error)

    def _one_tick(self) -> None:
        board = self.place.board.read()
        for lease in self.pool.collect():
            self._charge(lease)
        if board.wanted:
            self.pool.start()
            self._look(scan_asked=board.scans_asked > self.scans_done)
            self._dispatch()
        elif self.watch is not None:
            self._stop_watching()
        self.scans_done = board.scans_asked
        now = time.monotonic()
        if now - self.last_housekeeping >= HOUSEKEEPING_SECONDS:
            self.last_housekeeping = now
            self._keep_house()
        self._report(running=board.wanted)

    def _look(self, *, scan_asked: bool) -> None:
        """List the data folder if anything suggests that it may have changed, and queue what is stable."""
        now = time.monotonic()
        watch = self._watching()
        for name in self._taken_hints():
            self.tracker.touch(name, now)
            self.last_listing = float("-inf")
        longest = self.settings.rescan_seconds if watch.mode == "native" else POLL_SECONDS
        due_in = self.tracker.due_in(now)
        if not scan_asked and due_in != 0.0 and now - self.last_listing < longest:
            return
        self.last_listing = now
        for name in self.tracker.observe(self.place.folders.listing(), now):
            if enqueue(self.place, name) is not None:
                log.info("%s is complete and queued", name)

    def _watching(self) -> Watch:
        if self.watch is not None and self.watch.is_stale():
            log.warning("the data folder was replaced; watching the new one")
            self._stop_watching()
        if self.watch is None:
            self.place.folders.ensure()
            self.watch = Watch(self.place.folders.data, self._hint)
            self.watch.start()
            self.last_listing = float("-inf")
            log.info("watching %s (%s)", self.place.folders.data, self.watch.mode)
        return self.watch

    def _stop_watching(self) -> None:
        if self.watch is not None:
            self.watch.stop()
            self.watch = None

    def _hint(self, name: str) -> None:
        """Called by the watch's thread."""
        self.hints.add(name)
        self.host.wake()

    def _taken_hints(self) -> set[str]:
        hints, self.hints = self.hints, set()
        return hints

    def _dispatch(self) -> None:
        for worker in self.pool.idle:
            found = self.place.jobs.lease_next(self.owner, LEASE_SECONDS, time.time())
            if found is None:
                return
            self.pool.submit(worker, *found)

    def _charge(self, lease: Lease) -> None:
        """A worker died over this job: try again, but not for ever."""
        try:
            crashes = self.place.jobs.put_back(lease, crashed=True)
            if crashes < CRASHES_BEFORE_FAILING:
                return
            job = self.place.jobs.get(lease.job_id)
            message = f"the process that read {job.name} died {crashes} times; is there memory enough for it?"
            fatal = self.place.jobs.lease_job(lease.job_id, self.owner, LEASE_SECONDS, time.time())
            self.place.jobs.fail(fatal, time.time(), FileError(Reason.WORKER_DIED, message))
            settle(self.place, lease.job_id, fatal)
        except LeaseLost:
            log.info("job %s had ended before its worker did", lease.job_id, extra={"job": lease.job_id})

    def _keep_house(self) -> None:
        settle_all(self.place, self.owner, LEASE_SECONDS)
        for orphan in return_orphans(self.place):
            log.warning("%s had been taken by nobody; it is back in the data folder", orphan.path.name)
        sweep(self.place)

    def _report(self, *, running: bool) -> None:
        """Tell the board what changed, and now and then that we live."""
        watch = self.watch
        mode, reason = (watch.mode, watch.reason) if watch is not None else (None, None)
        news = (running, mode, reason, self.scans_done, len(self.tracker), self.trouble)
        now = time.monotonic()
        if news == self.told and now - self.last_heartbeat < HEARTBEAT_SECONDS:
            return
        self.place.board.update(
            running=running,
            mode=mode,
            mode_reason=reason,
            scans_done=self.scans_done,
            waiting=len(self.tracker),
            trouble=self.trouble,
            seen_at=time.time(),
        )
        self.told, self.last_heartbeat = news, now

    def _end(self) -> None:
        self._stop_watching()
        for lease in self.pool.stop(STOP_GRACE_SECONDS):
            try:
                self.place.jobs.put_back(lease, crashed=False)
            except LeaseLost:
                continue
        self.place.board.update(host=None, running=False, mode=None, mode_reason=None)
