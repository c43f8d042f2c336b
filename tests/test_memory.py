"""What a process keeps of the memory it frees, seen from outside: by the pages the kernel has to find for it."""

from __future__ import annotations

import subprocess
import sys

import pytest

FAULTS = """
import resource
import numpy as np
from app.memory import keep_what_is_freed

if {keeping}:
    assert keep_what_is_freed()
for _ in range(3):
    np.ones(2**20), np.ones(2**20)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    np.ones(2**20), np.ones(2**20)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def page_faults(*, keeping: bool) -> int:
    command = [sys.executable, "-c", FAULTS.format(keeping=keeping)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="mallopt is glibc's")
def test_arrays_of_some_megabytes_take_the_pages_of_those_before():
    assert page_faults(keeping=True) < page_faults(keeping=False) / 10


def test_another_c_library_is_left_alone(monkeypatch):
    monkeypatch.setattr("ctypes.CDLL", lambda name: object())
    from app.memory import keep_what_is_freed

    assert keep_what_is_freed() is False
