"""Files to store, the long ones kept from run to run, and storing them without a server."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from app.ingestion.demo import write_demo_csv
from benchmarks.servers import environment

CACHE = Path(tempfile.gettempdir()) / "borehole-benchmarks"
FRAME_ROWS = 5460
TOP, STEP = 1500.0, 0.0025
"""Of every demo file, in metres."""
FILES_AT_ONCE = 500


def demo_csv(cache: Path, rows: int, *, pad_gaps: bool = True, seed: int = 0) -> Path:
    """A synthetic image of integers, 200 columns."""
    path = cache / f"demo-{rows}-{'gaps' if pad_gaps else 'whole'}-{seed}.csv"
    if not path.exists():
        draft = path.with_suffix(".draft")
        write_demo_csv(draft, rows, top=TOP, step=STEP, pad_gaps=pad_gaps, seed=seed)
        draft.rename(path)
    return path


def tiny_csvs(folder: Path, first: int, count: int, rows: int = 100) -> list[Path]:
    """`count` files of noise, each of its own content."""
    folder.mkdir(exist_ok=True)
    header = ",".join(["depth", *(f"col{column}" for column in range(1, 201))])
    paths = []
    for number in range(first, first + count):
        pixels = np.random.default_rng(number).integers(0, 256, (rows, 200))
        lines = (
            f"{1000 + row / 100:.2f}," + ",".join(map(str, line)) for row, line in enumerate(pixels.tolist())
        )
        path = folder / f"tiny-{number}.csv"
        path.write_text("\n".join([header, *lines, ""]))
        paths.append(path)
    return paths


def wells(cache: Path, folder: Path, count: int) -> Path:
    """`folder` with `count` files that differ in their last row; the others are the same image's."""
    image = demo_csv(cache, FRAME_ROWS).read_bytes()
    for number in range(count):
        last = f"{TOP + FRAME_ROWS * STEP:.4f}" + f",{number}" * 200
        (folder / f"well-{number}.csv").write_bytes(image + last.encode() + b"\n")
    return folder


def store(folder: Path, files: Sequence[Path], **settings: object) -> None:
    """Ingest by hand into `folder`, in the order given; the files stay where they are.

    settings: as `environment`'s.
    """
    (folder / "logs").mkdir(exist_ok=True)
    for first in range(0, len(files), FILES_AT_ONCE):
        subprocess.run(
            [sys.executable, "-m", "app.ingestion", *map(str, files[first : first + FILES_AT_ONCE])],
            cwd=folder,
            env=environment(folder, **{"stable_seconds": 0} | settings),
            stdout=subprocess.DEVNULL,
            check=True,
        )


def drop(file: Path, data: Path) -> None:
    """Into the watched folder, at one go: as a hard link, or under its name once the copy is complete."""
    target = data / file.name
    try:
        os.link(file, target)
    except OSError:
        draft = data / f"{file.name}.part"
        shutil.copyfile(file, draft)
        draft.rename(target)
