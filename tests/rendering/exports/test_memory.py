"""A long file takes no more memory than a short one."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from app.rendering.exports.formats import FILE_FORMATS

MEGABYTE = 2**20

MEASURE = """
import json, resource, sys
import numpy as np
from app.rendering.exports.formats import FILE_FORMATS
from tests.rendering.exports.builders import blocks_of, table_of

def export(blocks):
    depths = np.arange(blocks * 1000) / 10
    return sum(map(len, FILE_FORMATS[sys.argv[1]].write(table_of(depths, values), blocks_of(values, blocks))))

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

values = np.random.default_rng(0).normal(100, 30, (1000, 150)).astype("f4")
export(10)
before = peak()
size = export(200)
print(json.dumps([size, peak() - before]))
"""


@pytest.mark.parametrize("name", list(FILE_FORMATS))
def test_two_hundred_thousand_rows_take_the_memory_of_some_blocks(name):
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", MEASURE, name],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=True,
    )
    size, grown = json.loads(ran.stdout)
    assert size > 20 * MEGABYTE
    assert (
        grown < 40 * MEGABYTE
    )  # a row group of Parquet before compression, its depths, and what malloc keeps
