"""Picks in the catalog: laid on an image, changed, taken away; with their image they are gone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import InvalidParameter, PickNotFound
from app.storage.catalog.database import Catalog
from app.storage.catalog.events import announce_picks
from app.storage.catalog.images import existing_image
from app.storage.catalog.tables import Image, Pick


class Picks:
    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog

    def of_image(self, image_id: int) -> Sequence[Pick]:
        """From the top down. Raises ImageNotFound."""
        query = select(Pick).where(Pick.image_id == image_id).order_by(Pick.depth, Pick.id)
        with self.catalog.reading() as session:
            existing_image(session, image_id)
            return session.scalars(query).all()

    def add(self, image_id: int, now: float, values: Mapping[str, object]) -> Pick:
        """values: all columns a pick is drawn by. Raises ImageNotFound, InvalidParameter."""
        with self.catalog.writing() as session:
            image = existing_image(session, image_id)
            pick = Pick(image_id=image_id, created_at=now, updated_at=now, **values)
            _must_be_on(image, pick)
            session.add(pick)
            announce_picks(session, image_id)
            session.flush()
            return pick

    def change(self, image_id: int, pick_id: int, now: float, values: Mapping[str, object]) -> Pick:
        """values: the columns to change. Raises ImageNotFound, PickNotFound, InvalidParameter."""
        with self.catalog.writing() as session:
            image, pick = _find(session, image_id, pick_id)
            for column, value in values.items():
                setattr(pick, column, value)
            pick.updated_at = now
            _must_be_on(image, pick)
            announce_picks(session, image_id)
            return pick

    def remove(self, image_id: int, pick_id: int) -> None:
        """Raises ImageNotFound, PickNotFound."""
        with self.catalog.writing() as session:
            _, pick = _find(session, image_id, pick_id)
            session.delete(pick)
            announce_picks(session, image_id)


def _find(session: Session, image_id: int, pick_id: int) -> tuple[Image, Pick]:
    """To be changed by this transaction alone."""
    image = existing_image(session, image_id)
    pick = session.get(Pick, pick_id, with_for_update=True) if 0 < pick_id < 2**63 else None
    if pick is None or pick.image_id != image_id:
        raise PickNotFound(
            f"image {image_id} has no pick {pick_id}; GET /images/{image_id}/picks lists those it has",
            image_id=image_id,
            pick_id=pick_id,
        )
    return image, pick


def _must_be_on(image: Image, pick: Pick) -> None:
    """A sine's middle may lie beyond the image's ends as long as a part of it is on the image."""
    highest, deepest = pick.depth - pick.amplitude, pick.depth + pick.amplitude
    if highest > image.depth_max or deepest < image.depth_min:
        raise InvalidParameter(
            f"a sinusoid from {highest:.12g} to {deepest:.12g} does not touch image {image.id}, "
            f"which covers {image.depth_min:.12g} to {image.depth_max:.12g}",
            parameter="depth",
            depth_min=image.depth_min,
            depth_max=image.depth_max,
        )
