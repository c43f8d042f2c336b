"""The host: in one process of all, the thread that has the lock and with it the pipeline."""

from __future__ import annotations

import logging
import multiprocessing
import threading
from contextlib import suppress

from app.errors import CatalogUnavailable
from app.pipeline.crew import Crew
from app.pipeline.data_folder import require_the_hosts_data_folder
from app.pipeline.hosting import Hosting
from app.pipeline.lock import host_lock
from app.pipeline.workplace import Workplace
from app.storage.catalog.leases import this_process

log = logging.getLogger("borehole.pipeline")

SHORTEST_TICK_SECONDS = 0.02
LOCK_RETRY_SECONDS = 1.0


class PipelineHost:
    """Every API process has one; the one that gets the lock does the work, the others stand by."""

    def __init__(self, place: Workplace) -> None:
        self.place = place
        self.owner = this_process()
        self.lock = host_lock(place)
        self._stopping = threading.Event()
        self._woken = False
        self._wake_reader, self._wake_writer = multiprocessing.Pipe(duplex=False)
        self._thread = threading.Thread(target=self._run, name="pipeline-host", daemon=True)

    def start(self) -> None:
        """Raises OtherDataFolder, CatalogUnavailable, OSError."""
        require_the_hosts_data_folder(self.place, self.lock)
        with suppress(OSError):  # uploads come to who stands by, too; what is wrong with it `/health` says
            self.place.folders.ensure()
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

    def wait(self, crew: Crew, seconds: float) -> None:
        """Until a worker reports, somebody wakes us, or the time is up."""
        if crew.wait(seconds, self._wake_reader) == [self._wake_reader]:
            self._stopping.wait(SHORTEST_TICK_SECONDS)  # a busy writer causes thousands of events
        while self._wake_reader.poll():
            self._wake_reader.recv_bytes()
        self._woken = False  # not before: a wake that is drained here must not keep the next from being sent

    @property
    def stopping(self) -> bool:
        return self._stopping.is_set()

    def _run(self) -> None:
        first = True
        while not self._stopping.is_set():
            try:
                if self.lock.acquire():
                    hosting = Hosting(self)
                    hosting.take_over(first=first)
                    first = False
                    hosting.run()
                first = False
            except CatalogUnavailable as error:
                log.warning("the pipeline has no host here: %s", error)
            except Exception:
                log.exception("the pipeline's host stumbled and starts over")
            finally:
                self.lock.release()
            self._stopping.wait(LOCK_RETRY_SECONDS)
