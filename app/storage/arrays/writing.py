"""Writing one image's fragments, all at the timestamp that is its id."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import tiledb

from app.storage.arrays.layout import Layout, context, translated


class ImageWriter:
    """Writes rows of one image. Nothing of it is visible until the catalog names the image."""

    def __init__(self, layout: Layout, image_id: int) -> None:
        self.layout = layout
        self.image_id = image_id
        layout.ensure_shard(image_id)

    def write_rows(self, level: int, start: int, values: npt.NDArray[np.float32]) -> None:
        """values: (n, 150), the rows start … start + n − 1 of this level. Raises StorageUnavailable."""
        with translated(), self._open(self.layout.level(self.image_id, level)) as array:
            array[self.image_id, start : start + len(values), :] = values

    def write_depths(self, start: int, depths: npt.NDArray[np.float64]) -> None:
        """depths: (n,), of the rows start … start + n − 1 of level 0. Raises StorageUnavailable."""
        with translated(), self._open(self.layout.depth(self.image_id)) as array:
            array[self.image_id, start : start + len(depths)] = depths

    def _open(self, array: Path) -> tiledb.Array:
        return tiledb.open(str(array), "w", timestamp=self.image_id, ctx=context())
