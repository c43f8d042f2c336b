"""From starting `python -m app` until `/health/ready` says 200, asked every 5 ms, with its files in the page
cache and an image stored; the reference is uvicorn with a bare FastAPI route. The goal is for the time
itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks import samples
from benchmarks.run import Run
from benchmarks.servers import Server, product, reference
from benchmarks.table import Row, below, compared


def startup(run: Run) -> Iterator[Row]:
    folder, bare_folder = run.folder("startup"), run.folder("reference")
    samples.store(folder, [samples.demo_csv(run.cache, samples.FRAME_ROWS, seed=1)])
    ours, bare = product(folder), reference(bare_folder, b"ready")
    _seconds(ours), _seconds(bare)
    yield compared(
        "start until ready",
        "bare FastAPI",
        "s",
        below(1.5),
        reference=lambda: _seconds(bare),
        ours=lambda: _seconds(ours),
        times=run.repetitions,
    )


def _seconds(server: Server) -> float:
    with server:
        return server.seconds_to_start
