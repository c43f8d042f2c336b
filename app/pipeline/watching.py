"""Hints that something happened in the data folder. The truth is a listing; a hint only says when to make one."""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Callable
from pathlib import Path

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

PROBE_SECONDS = 1.0
POLL_SECONDS = 1.0


class Watch:
    """Native events of one folder, if the system delivers any: that is tried, not assumed.

    mode: "native", or "polling" where events do not arrive (Docker Desktop, NFS, SMB); `reason` says why.
    """

    def __init__(self, folder: Path, on_event: Callable[[str], None]) -> None:
        self.folder = folder
        self.mode = "polling"
        self.reason: str | None = None
        self._handler = _Hints(on_event)
        self._observer: BaseObserver | None = None
        self._descriptor: int | None = None

    def start(self) -> None:
        observer = Observer()
        try:
            # As long as it is open, no new folder can get its inode.
            self._descriptor = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            observer.schedule(self._handler, str(self.folder), recursive=False)
            observer.start()
        except OSError as error:  # too many watches, or a folder that cannot be read
            self.reason = f"native events cannot be had here: {error}"
            return
        self._observer = observer
        if self._events_arrive():
            self.mode, self.reason = "native", None
        else:
            self._stop_observer()
            self.reason = f"no event arrived within {PROBE_SECONDS:g} s of a change"

    def stop(self) -> None:
        self._stop_observer()
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def is_stale(self) -> bool:
        """Whether the folder was removed and made again: the old watch will never tell of the new folder."""
        if self._observer is not None and not self._observer.is_alive():
            return True
        try:
            return self._descriptor is None or not os.path.samestat(
                self.folder.stat(), os.fstat(self._descriptor)
            )
        except FileNotFoundError:
            return True

    def _stop_observer(self) -> None:
        if self._observer is not None:
            self._observer.stop()
            self._observer.join()
            self._observer = None

    def _events_arrive(self) -> bool:
        name = f".probe-{secrets.token_hex(8)}"
        seen = self._handler.expect(name)
        probe = self.folder / name
        try:
            probe.touch()
            return seen.wait(PROBE_SECONDS)
        except OSError:
            return False
        finally:
            probe.unlink(missing_ok=True)


class _Hints(FileSystemEventHandler):
    """Passes on the names that events speak of, whatever kind of event it is."""

    def __init__(self, on_event: Callable[[str], None]) -> None:
        self._on_event = on_event
        self._expected: tuple[str, threading.Event] | None = None

    def expect(self, name: str) -> threading.Event:
        seen = threading.Event()
        self._expected = name, seen
        return seen

    def on_any_event(self, event: FileSystemEvent) -> None:
        # Reading a file is an event too (opened, closed_no_write), and no hint.
        if event.event_type in ("opened", "closed_no_write"):
            return
        for path in (event.src_path, event.dest_path):
            name = Path(os.fsdecode(path)).name
            if self._expected is not None and name == self._expected[0]:
                self._expected[1].set()
            elif name:
                self._on_event(name)
