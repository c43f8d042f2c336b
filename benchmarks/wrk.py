"""Throughput by `wrk`, from one thread with eight connections."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import orjson

from benchmarks.table import Invalid
from benchmarks.windows import Windows

CONNECTIONS = 8
SCRIPT = Path(__file__).with_name("wrk.lua")


def require_wrk() -> str:
    """Its version. Raises SystemExit where it is not installed."""
    if shutil.which("wrk") is None:
        raise SystemExit(
            "benchmarks: wrk IS MISSING, and nothing that is measured without it can be compared.\n"
            "Install it (apt-get install wrk) and start again."
        )
    said = subprocess.run(["wrk", "-v"], capture_output=True, text=True, check=False).stdout
    return " ".join(said.split()[:2])


def rate(url: str, seconds: float, headers: dict[str, str] | None = None) -> float:
    """Requests/s for one URL. Raises Invalid where any failed."""
    given = [argument for name, value in (headers or {}).items() for argument in ("-H", f"{name}: {value}")]
    return _rate(_run([*given, url], seconds))


def window_rate(server: str, path: str, windows: Windows, seconds: float) -> float:
    """Requests/s for windows that were never asked before; path: a format of their two depths.

    Raises Invalid where any failed, or where `windows` ran out.
    """
    places = [windows.top, windows.step, windows.height, windows.count, windows.stride, windows.asked]
    report = _run([server, "--", path, *map(repr, places)], seconds)
    windows.asked = report["asked"]
    if windows.asked > windows.count:
        raise Invalid(f"the image has {windows.count} windows only: ask for a longer one")
    return _rate(report)


def _run(arguments: list[str], seconds: float) -> dict[str, Any]:
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{round(seconds)}s", "-s", str(SCRIPT), *arguments]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    return parse(ran.stdout)


def parse(output: str) -> dict[str, Any]:
    """What `wrk.lua` reports on its last line."""
    report: dict[str, Any] = orjson.loads(output.strip().splitlines()[-1])
    return report


def _rate(report: dict[str, Any]) -> float:
    if report["refused"] or report["socket_errors"]:
        raise Invalid(
            f"{report['refused']} answers of 400 and above, {report['socket_errors']} socket errors"
        )
    rate: float = report["requests"] / (report["microseconds"] / 1e6)
    return rate
