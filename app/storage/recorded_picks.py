"""Picks of the catalog, kept beside their image's arrays as well: a lost catalog does not lose them."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from app.errors import CatalogUnavailable, ImageNotFound
from app.storage.arrays.layout import Layout
from app.storage.catalog.picks import Picks
from app.storage.catalog.tables import Pick

log = logging.getLogger("borehole.storage")


class RecordedPicks:
    """As `Picks`; what follows a change beside the arrays is done as well as it can be, and never fails it."""

    def __init__(self, picks: Picks, layout: Layout) -> None:
        self.picks = picks
        self.layout = layout

    def of_image(self, image_id: int) -> Sequence[Pick]:
        """From the top down. Raises ImageNotFound."""
        return self.picks.of_image(image_id)

    def add(self, image_id: int, now: float, values: Mapping[str, object]) -> Pick:
        """As `Picks.add`."""
        pick = self.picks.add(image_id, now, values)
        self.record(image_id)
        return pick

    def change(self, image_id: int, pick_id: int, now: float, values: Mapping[str, object]) -> Pick:
        """As `Picks.change`."""
        pick = self.picks.change(image_id, pick_id, now, values)
        self.record(image_id)
        return pick

    def remove(self, image_id: int, pick_id: int) -> None:
        """As `Picks.remove`."""
        self.picks.remove(image_id, pick_id)
        self.record(image_id)

    def record(self, image_id: int) -> None:
        """Write them down until what was written is what the catalog says: others may change picks meanwhile."""
        try:
            said = described(self.of_image(image_id))
            while True:
                self.layout.keep_picks(image_id, said)
                written, said = said, described(self.of_image(image_id))
                if said == written:
                    return
        except ImageNotFound:
            self.layout.picks(image_id).unlink(missing_ok=True)
        except (OSError, CatalogUnavailable) as error:
            log.warning("the picks of image %s lie in the catalog alone: %s", image_id, error)


def described(picks: Sequence[Pick]) -> list[dict[str, Any]]:
    """All columns of each."""
    return [{c.name: getattr(pick, c.name) for c in Pick.__table__.columns} for pick in picks]
