"""The run: load, files, deaths and a full disk; and the reckoning."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tests.faults.cluster import Cluster
from tests.faults.contents import Content, Contents
from tests.faults.onlooker import Onlooker
from tests.faults.run import Outcome, reckon, wait_for_rest
from tests.soak.load import Load

CLIENTS = 4
SECONDS_BETWEEN_FILES = 3.0
SECONDS_BETWEEN_DEATHS = 15.0
SECONDS_FULL = 8.0
DISK_BYTES = 1024 * 2**20
MEGABYTE = 1e6


@dataclass
class Report:
    minutes: float
    disk: str
    outcome: Outcome = field(default_factory=Outcome)
    table: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    requests: int = 0
    resident: list[tuple[float, float, int]] = field(default_factory=list)
    """Seconds since the beginning, resident megabytes of the server, its open files."""

    @property
    def slope(self) -> tuple[float, float]:
        """Megabytes an hour in the second half, by least squares, and its standard error."""
        late = np.array([sample[:2] for sample in self.resident if sample[0] > self.minutes * 30])
        if len(late) < 4:
            return 0.0, 0.0
        (slope, _), covariance = np.polyfit(late[:, 0] / 3600, late[:, 1], 1, cov=True)
        return float(slope), float(np.sqrt(covariance[0, 0]))

    @property
    def all_is_well(self) -> bool:
        files = [sample[2] for sample in self.resident]
        third = max(1, len(files) // 3)
        flat = max(files[-third:]) <= max(files[:-third] or files) + 20
        return self.outcome.all_is_well and not self.errors and flat


def run(folder: Path, minutes: float, seed: int, tell: Callable[[str], None]) -> Report:
    """folder: empty."""
    with _small_disk(folder / "disk") as disk:
        report = Report(minutes, disk)
        _run(folder / "disk", folder / "clean", report, random.Random(seed), tell)
    return report


def _run(
    folder: Path, clean: Path, report: Report, chance: random.Random, tell: Callable[[str], None]
) -> None:
    contents = Contents(clean, chance)
    cluster = Cluster(folder)
    cluster.servers = [server] = cluster.apis[:1]
    cluster.apis = cluster.servers
    expected: dict[tuple[str, str], bytes] = {}
    dropped: dict[str, Content] = {}
    onlooker = Onlooker(cluster, expected)
    load = Load(server.url, CLIENTS, seed=chance.randrange(2**32))
    (folder / "data").mkdir()
    cluster.start()
    try:
        cluster.wait_until_up()
        onlooker.start()
        load.start()
        began = time.monotonic()
        end, next_file, next_death = began + 60 * report.minutes, began, began + SECONDS_BETWEEN_DEATHS
        full_from = began + 60 * report.minutes / 2
        filler: Path | None = None
        while (now := time.monotonic()) < end:
            report.resident.append(
                (now - began, _resident(server.process.pid), _open_files(server.process.pid))
            )
            if now >= next_file:
                next_file = now + SECONDS_BETWEEN_FILES
                _drop(folder / "data", contents.next(), expected, dropped)
            if now >= next_death:
                next_death = now + SECONDS_BETWEEN_DEATHS
                report.outcome.killed_workers += _kill_one(server.workers(), chance)
                tell(f"{now - began:.0f} s, {len(dropped)} files, {report.resident[-1][1]:.0f} MB")
            if filler is None and report.disk == "tmpfs" and now >= full_from:
                filler = _fill(folder)
                tell("the disk is full")
            if filler is not None and now >= full_from + SECONDS_FULL:
                filler.unlink(missing_ok=True)
            time.sleep(1.0)  # the pace of the samples: nothing is waited for
        if filler is not None:
            filler.unlink(missing_ok=True)
        load.stop()
        wait_for_rest(cluster, report.outcome, 300)
    finally:
        load.stop()
        onlooker.stop()
        cluster.stop()
    report.outcome.half_images_seen = onlooker.half
    report.table = load.table()
    report.errors = [error for kind in load.kinds.values() for error in kind.errors]
    report.requests = sum(len(kind.seconds) for kind in load.kinds.values())
    reckon(folder, dropped, report.outcome)


def _drop(
    data: Path, content: Content, expected: dict[tuple[str, str], bytes], dropped: dict[str, Content]
) -> None:
    """A file that finds no room is dropped again, later, by who drops files: it never was in the folder."""
    name = f"file {len(dropped)}{content.suffix}"
    part = data / f".{name}.part"
    try:
        part.write_bytes(content.text)
    except OSError:
        part.unlink(missing_ok=True)
        return
    for channel, picture in (content.pictures or {}).items():
        expected[content.sha256, channel] = picture
    dropped[name] = content
    part.rename(data / name)


def _kill_one(workers: list[int], chance: random.Random) -> int:
    if not workers:
        return 0
    with suppress(ProcessLookupError):
        os.kill(chance.choice(workers), signal.SIGKILL)
    return 1


def _fill(folder: Path) -> Path:
    filler = folder / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(2**20))
    return filler


@contextmanager
def _small_disk(folder: Path) -> Iterator[str]:
    """A disk of its own that can be filled, where this process may mount one."""
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        yield "not filled: this process may mount nothing"
        return
    try:
        yield "tmpfs"
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=False)


def _resident(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / MEGABYTE


def _open_files(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))
