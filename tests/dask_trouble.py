"""Loaded by a Dask worker under test: what a file's name says happens to the worker that takes it up."""

from __future__ import annotations

import os
import pickle
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.pipeline import dask_worker
from app.storage.arrays.writing import ImageWriter
from tests.builders import Float64, eventually

GATE = "TEST_GATE"
"""The environment variable that names a file; until it exists whoever has a file called `held` waits, and whoever
has one called `halfway`, with its first rows stored.
"""


def halfway_mark(gate: Path) -> Path:
    """Holds the pid of who waits halfway."""
    return gate.with_suffix(".halfway")


def dask_setup(worker: object) -> None:
    carry_out = dask_worker.carry_out

    def in_trouble(task: bytes) -> Any:
        step, _ = pickle.loads(task)
        if "poison" in step.label:
            os.kill(os.getpid(), signal.SIGKILL)
        if "held" in step.label:
            _wait_for_the_gate()
        with pytest.MonkeyPatch.context() as patch:
            if "halfway" in step.label:
                patch.setattr(ImageWriter, "write_depths", _halting_after(ImageWriter.write_depths))
            return carry_out(task)

    dask_worker.carry_out = in_trouble


def _halting_after(write_depths: Callable[[ImageWriter, int, Float64], None]) -> Any:
    def write_and_wait(writer: ImageWriter, start: int, depths: Float64) -> None:
        write_depths(writer, start, depths)
        halfway_mark(Path(os.environ[GATE])).write_text(str(os.getpid()))
        _wait_for_the_gate()

    return write_and_wait


def _wait_for_the_gate() -> None:
    eventually(Path(os.environ[GATE]).exists, "the gate is open", 60)
