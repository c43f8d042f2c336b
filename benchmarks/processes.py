"""Memory of a process and of those it started, as the kernel counts it."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType

INTERVAL_SECONDS = 0.1


def family(pid: int) -> list[int]:
    """The process and all its descendants."""
    members = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in task.read_text().split():
                members.extend(family(int(child)))
    return members


def memory(status: str) -> tuple[int, int]:
    """(resident bytes, most that were ever resident) from the text of `/proc/PID/status`; zeros of a dead one."""
    fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    return tuple(int(fields.get(name, "0 kB").split()[0]) * 1024 for name in ("VmRSS", "VmHWM"))  # type: ignore[return-value]


def resident(pid: int) -> int:
    return memory(Path(f"/proc/{pid}/status").read_text())[0]


class PeakWatch:
    """While in its `with` block: the most that any process of a family had resident at once, in bytes."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.peak = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> PeakWatch:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        last = False
        while not last:
            last = self._over.wait(INTERVAL_SECONDS)
            for pid in family(self.pid):
                with suppress(OSError):
                    self.peak = max(self.peak, memory(Path(f"/proc/{pid}/status").read_text())[1])
