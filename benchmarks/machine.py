"""What the figures were measured on, and whether it was at rest."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("fastapi", "starlette", "uvicorn", "uvloop", "httptools", "tiledb", "numpy", "scipy", "pandas")
BUSY = 0.3
"""Processes that run or wait, on average over a minute, from which on figures are not to be trusted."""


def machine() -> str:
    """One line: `8 × Some CPU, 16 GB, Linux 6.1`."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    cores = len(os.sched_getaffinity(0))
    system = f"{platform.system()} {platform.release()}"
    return f"{cores} × {processor(Path('/proc/cpuinfo').read_text())}, {memory:.0f} GB, {system}"


def processor(cpuinfo: str) -> str:
    for line in cpuinfo.splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def versions() -> str:
    packages = [f"{name} {version(name)}" for name in PACKAGES]
    return ", ".join([f"Python {platform.python_version()}", *packages])


def load() -> float:
    return os.getloadavg()[0]


def settle_disk() -> None:
    """What was written before shall not be written out while something is measured."""
    subprocess.run(["sync"], check=True)
