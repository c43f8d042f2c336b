"""Borehole Image Server: borehole images by depth range, over HTTP."""

import os

__version__ = "1.0.0"

# Our own threads and processes are the concurrency: BLAS would start as many threads again in each of them.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
