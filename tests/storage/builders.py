"""Catalog rows and stored rows for the tests of storage."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from app.errors import FileError, Reason
from app.storage.arrays import WIDTH
from app.storage.arrays.store import ArrayStore
from app.storage.arrays.writing import ImageWriter
from app.storage.catalog.images import Images
from app.storage.catalog.jobs import Jobs
from app.storage.catalog.leases import Lease
from app.storage.catalog.tables import Image


def values_of(image_id: int, rows: int) -> npt.NDArray[np.float32]:
    """Rows that tell which image, row and pixel they are: float32 (rows, 150)."""
    return np.random.default_rng(image_id).normal(image_id, 0.3, (rows, WIDTH)).astype(np.float32)


def depths_of(image_id: int, rows: int) -> npt.NDArray[np.float64]:
    return 1000.0 * image_id + 0.1 * np.arange(rows)


def write_image(store: ArrayStore, image_id: int, rows: int = 600) -> npt.NDArray[np.float32]:
    """Level 0, a level 1 and the depths of an image; returns its rows."""
    values = values_of(image_id, rows)
    writer = ImageWriter(store, image_id)
    writer.write_rows(0, 0, values)
    writer.write_rows(1, 0, values[::4])
    writer.write_depths(0, depths_of(image_id, rows))
    return values


def leased(jobs: Jobs, name: str = "a.csv", *, now: float = 0.0, owner: str = "me") -> Lease:
    """A new job that `owner` works on for 60 s."""
    _, lease = jobs.add_leased(name, 1, now, claim=None, path=name, owner=owner, seconds=60.0)
    return lease


def add(jobs: Jobs, name: str = "a.csv", now: float = 0.0) -> int:
    return jobs.add(name, 10, now, claim=f"claim of {name}", path=None)


def finished(jobs: Jobs, name: str = "a.csv", now: float = 0.0) -> Lease:
    """A job that has ended, its file still to be moved."""
    lease = leased(jobs, name, now=now)
    jobs.fail(lease, now, FileError(Reason.NO_ROWS, "empty"))
    return lease


def image_row(image_id: int, sha256: str = "", **changes: Any) -> Image:
    """What the catalog holds of an image of 600 rows; its content is its own unless `sha256` says otherwise."""
    columns: dict[str, Any] = {
        "id": image_id,
        "name": f"{image_id}.csv",
        "channel": "",
        "sha256": sha256 or f"content of {image_id}",
        "source_bytes": 1000,
        "created_at": 1.0,
        "rows": 600,
        "width": WIDTH,
        "source_width": 200,
        "levels": 0,
        "dropped_rows": 0,
        "depth_min": 0.0,
        "depth_max": 59.9,
        "step": 0.1,
        "descending": False,
        "display_low": 0.0,
        "display_high": 255.0,
        "statistics": {},
        "settings": {},
        "row_bytes": 100,
        "overview_bytes": 10,
        "other": {},
    }
    return Image(**columns | changes)


def committed(jobs: Jobs, images: Images, sha256: str = "", *, now: float = 0.0, **changes: Any) -> int:
    """An image that exists in the catalog; its id."""
    lease = leased(jobs, now=now)
    image_id = images.begin(lease, now)
    images.commit(lease, now, [image_row(image_id, sha256, **changes)])
    return image_id
