"""Loaded by a Dask worker under test: what a file's name says happens to the worker that takes it up."""

from __future__ import annotations

import os
import pickle
import signal
from pathlib import Path
from typing import Any

from app.pipeline import dask_worker
from tests.builders import eventually

GATE = "TEST_GATE"
"""The environment variable that names a file; until it exists whoever has a file called `held` waits."""


def dask_setup(worker: object) -> None:
    carry_out = dask_worker.carry_out

    def in_trouble(task: bytes) -> Any:
        step, _ = pickle.loads(task)
        if "poison" in step.label:
            os.kill(os.getpid(), signal.SIGKILL)
        if "held" in step.label:
            eventually(Path(os.environ[GATE]).exists, "the gate is open", 60)
        return carry_out(task)

    dask_worker.carry_out = in_trouble
