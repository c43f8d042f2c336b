"""What a host does now and then, so that nothing is left lying about."""

from __future__ import annotations

import logging
import time

from app.pipeline.claiming import return_orphans
from app.pipeline.names import printable
from app.pipeline.settling import settle_all
from app.pipeline.sweeping import sweep
from app.pipeline.workplace import Workplace

log = logging.getLogger("borehole.pipeline")

GRACE_SECONDS = 60.0
DRAFT_SECONDS = 3600.0
EVENT_SECONDS = 3600.0
DAY_SECONDS = 86_400.0


def keep_house(place: Workplace, owner: str, lease_seconds: float) -> None:
    settle_all(place, owner, lease_seconds)
    for orphan in return_orphans(place):
        log.warning("%s had been taken by nobody; it is back in the data folder", printable(orphan.path.name))
    sweep(place, GRACE_SECONDS)
    place.folders.sweep_drafts(DRAFT_SECONDS)
    place.arrays.sweep_drafts(DRAFT_SECONDS)
    now = time.time()
    place.events.prune(now - EVENT_SECONDS)
    if place.settings.history_days is not None:
        place.history.prune(now - place.settings.history_days * DAY_SECONDS)
