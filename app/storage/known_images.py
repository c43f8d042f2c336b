"""What a process knows of the images it was asked for lately, so that a request need not ask the catalog."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict

from app.storage.catalog.images import Images
from app.storage.catalog.tables import Image

FRESH_SECONDS = 1.0
REMEMBERED = 10_000


class KnownImages:
    """Images may be deleted, and what is said of them may change: another process learns it within a second."""

    def __init__(self, images: Images) -> None:
        self.images = images
        self._known: OrderedDict[int, tuple[float, Image]] = OrderedDict()
        self._lock = threading.Lock()

    def in_memory(self, image_id: int) -> Image | None:
        """The image, if it was known to exist a moment ago; never waits."""
        with self._lock:
            seen, image = self._known.get(image_id, (0.0, None))
        return image if time.monotonic() - seen < FRESH_SECONDS else None

    def get(self, image_id: int) -> Image:
        """Raises ImageNotFound, CatalogUnavailable."""
        image = self.images.get(image_id)
        with self._lock:
            self._known[image_id] = time.monotonic(), image
            self._known.move_to_end(image_id)
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return image

    def forget(self, image_id: int) -> None:
        with self._lock:
            self._known.pop(image_id, None)
