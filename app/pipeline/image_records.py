"""What the catalog is to say of an image that is stored."""

from __future__ import annotations

import time
from dataclasses import asdict

from app.errors import StorageUnavailable
from app.ingestion.fingerprint import Fingerprint
from app.ingestion.readers import Metadata
from app.ingestion.stored_image import StoredImage
from app.pipeline.workplace import Workplace
from app.storage.catalog.tables import Image


def image_record(
    place: Workplace,
    name: str,
    channel: str,
    content: Fingerprint,
    stored: StoredImage,
    metadata: Metadata,
) -> Image:
    settings = place.settings
    row_bytes, overview_bytes = place.arrays.bytes_of(stored.image_id)
    return Image(
        id=stored.image_id,
        name=name,
        channel=channel,
        sha256=content.sha256,
        source_bytes=content.size_bytes,
        created_at=time.time(),
        rows=stored.rows,
        width=settings.pixel_width,
        source_width=stored.source_width,
        levels=stored.levels,
        dropped_rows=stored.dropped_rows,
        depth_min=stored.depth_min,
        depth_max=stored.depth_max,
        depth_unit=stored.depth_unit,
        step=stored.step,
        descending=stored.descending,
        display_low=stored.display_range[0],
        display_high=stored.display_range[1],
        statistics=stored.statistics,
        settings={
            "resize_mode": settings.resize_mode,
            "rounding": settings.rounding,
            "null_values": list(settings.null_values),
        },
        row_bytes=row_bytes,
        overview_bytes=overview_bytes,
        **asdict(metadata),
    )


def describe(place: Workplace, image: Image) -> None:
    """The same beside the arrays, from which the catalog can be rebuilt. Raises StorageUnavailable."""
    try:
        place.arrays.describe(image.id, {c.name: getattr(image, c.name) for c in Image.__table__.columns})
    except OSError as error:
        raise StorageUnavailable(f"the description of image {image.id} cannot be written: {error}") from error
