"""Writing one image's rows and depths."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from app.storage.arrays.layout import DEPTH, level_name
from app.storage.arrays.store import ArrayStore


class ImageWriter:
    """Writes rows of one image. Nothing of it is visible until the catalog names the image."""

    def __init__(self, store: ArrayStore, image_id: int) -> None:
        """Raises StorageUnavailable, OSError."""
        self.store = store
        self.image_id = image_id
        store.prepare(image_id)

    def write_rows(self, level: int, start: int, values: npt.NDArray[np.float32]) -> None:
        """values: (n, width), the rows start … start + n − 1 of this level. Raises StorageUnavailable, OSError."""
        self.store.write(self.image_id, level_name(level), start, values)

    def write_depths(self, start: int, depths: npt.NDArray[np.float64]) -> None:
        """depths: (n,), of the rows start … start + n − 1 of level 0. Raises StorageUnavailable, OSError."""
        self.store.write(self.image_id, DEPTH, start, depths)
