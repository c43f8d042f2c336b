"""A real Dask cluster on this machine: a scheduler and workers, each a process that can be killed."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType

import psutil

from app.settings import Settings
from tests.builders import eventually, free_port
from tests.dask_trouble import GATE, halfway_mark

ROOT = Path(__file__).parent.parent
ALLOWED_FAILURES = 2
QUICK = {
    "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": str(ALLOWED_FAILURES),
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "5s",
    "DASK_LOGGING__DISTRIBUTED": "warning",
}


class DaskCluster:
    """folder: for logs, and what workers spill.

    gate: until it exists who has a file called `held` waits, and who has one called `halfway`, with its first rows
    stored.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.gate = folder / "gate"
        self.port = free_port()
        self.address = f"tcp://127.0.0.1:{self.port}"
        self._scheduler: subprocess.Popen[bytes] | None = None
        self._nannies: list[subprocess.Popen[bytes]] = []
        self._environments: list[dict[str, str]] = []

    def start_scheduler(self) -> None:
        """It knows nothing of this product: not where it lies, nor any of its settings."""
        address = [
            "--host",
            "127.0.0.1",
            "--port",
            str(self.port),
            "--no-dashboard",
            "--dashboard-address",
            "127.0.0.1:0",
        ]
        self._scheduler = self._started("scheduler", address, {}, cwd=Path("/"))
        eventually(self._answers, f"a scheduler at {self.address}")

    def add_worker(self, settings: Settings, others: Mapping[str, str] = MappingProxyType({})) -> None:
        """A process that works on one step at a time; its nanny starts it again. others: variables it needs."""
        self._environments.append(_environment(settings) | dict(others) | {GATE: str(self.gate)})
        self._nannies.append(self._started_worker(self._environments[-1]))

    def revive(self) -> None:
        """Start the workers again that ended with their scheduler, as whoever supervises them would."""
        for number, nanny in enumerate(self._nannies):
            if nanny.poll() is not None:
                self._nannies[number] = self._started_worker(self._environments[number])

    def _started_worker(self, environment: dict[str, str]) -> subprocess.Popen[bytes]:
        options = ["--nthreads", "1", "--no-dashboard", "--preload", "app.pipeline.dask_worker"]
        options += ["--preload", "tests.dask_trouble"]
        options += ["--local-directory", str(self.folder), "--death-timeout", "60"]
        return self._started("worker", [self.address, *options], environment, cwd=ROOT)

    def workers(self) -> list[psutil.Process]:
        """The processes that work, not their nannies."""
        found = []
        for nanny in self._nannies:
            with suppress(psutil.NoSuchProcess):
                process = psutil.Process(nanny.pid)
                children = [
                    child for child in process.children() if "spawn_main" in " ".join(child.cmdline())
                ]
                found.extend(children)
        return found

    def kill_a_worker(self, chance: random.Random) -> int:
        """How many died: none where none is up."""
        workers = self.workers()
        if not workers:
            return 0
        with suppress(psutil.NoSuchProcess):
            chance.choice(workers).kill()
        return 1

    def who_is_halfway(self) -> psutil.Process:
        """The worker in the middle of a file called `halfway`."""
        mark = halfway_mark(self.gate)
        return psutil.Process(int(eventually(lambda: mark.exists() and mark.read_text(), str(mark), 60)))

    def kill_scheduler(self) -> None:
        assert self._scheduler is not None
        self._scheduler.kill()
        self._scheduler.wait()

    def freeze_scheduler(self) -> None:
        """It takes what is sent, and answers nobody."""
        assert self._scheduler is not None
        self._scheduler.send_signal(signal.SIGSTOP)

    def stop(self) -> None:
        for process in [*self._nannies, *([self._scheduler] if self._scheduler else [])]:
            if process.poll() is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()

    def _started(
        self, what: str, arguments: list[str], environment: dict[str, str], cwd: Path
    ) -> subprocess.Popen[bytes]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("BOREHOLE_")}
        with (self.folder / f"{what}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "dask", what, *arguments],
                cwd=cwd,
                env=inherited | QUICK | environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def _environment(settings: Settings) -> dict[str, str]:
    """A worker's own settings: where things are."""
    names = ("data_dir", "db_dir", "log_dir", "database_url", "storage_uri")
    given = {name: getattr(settings, name) for name in names}
    return {f"BOREHOLE_{name.upper()}": str(value) for name, value in given.items() if value is not None} | {
        "PYTHONPATH": str(ROOT)
    }
