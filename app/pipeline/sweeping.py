"""Taking away what attempts that came to nothing, and images that were deleted, have left in the arrays."""

from __future__ import annotations

import logging
import time

from app.pipeline.lock import ErasingLock
from app.pipeline.workplace import Workplace
from app.storage.arrays.erasing import erase

log = logging.getLogger("borehole.pipeline")


def sweep(place: Workplace, grace_seconds: float) -> None:
    """Only what the catalog itself knows of is touched: never a fragment it has not heard of.

    grace_seconds: as long as a reader may still hold a deleted image, or a writer without a lease still write.
    """
    moment = time.time() - grace_seconds
    for image_id in place.images.abandoned(moment):
        erase(place.layout, image_id)
        place.images.mark_swept(image_id)
        log.info(
            "swept what an abandoned attempt had written as image %s", image_id, extra={"image": image_id}
        )
    _erase_deleted(place, moment)


def _erase_deleted(place: Workplace, moment: float) -> None:
    deleted = place.images.deleted_before(moment)
    lock = ErasingLock.of(place.settings)
    if not deleted or not lock.acquire():  # a backup is being made, with these images in its catalog perhaps
        return
    try:
        for image_id in deleted:
            erase(place.layout, image_id)
            place.images.mark_erased(image_id)
            log.info("erased the arrays of deleted image %s", image_id, extra={"image": image_id})
    finally:
        lock.release()
