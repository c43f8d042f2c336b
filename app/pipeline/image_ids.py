"""Image ids that the arrays have in use and the catalog does not know: those of another, or of a lost, catalog."""

from __future__ import annotations

import logging

from app.pipeline.workplace import Workplace
from app.storage.arrays.inventory import highest_image_id
from app.storage.catalog.attempts import Attempts

log = logging.getLogger("borehole.pipeline")


def skip_ids_in_use(place: Workplace) -> None:
    """New images get ids above them: fragments of two images at one timestamp could not be told apart.

    Raises CatalogUnavailable, OSError.
    """
    highest = highest_image_id(place.layout)
    if Attempts(place.catalog).skip_to(highest):
        log.warning(
            "the arrays hold images up to %s of which the catalog has never heard; new ones get ids above that. "
            "Is it the right catalog? See `python -m app.admin verify` and `rebuild`",
            highest,
        )
