"""The arrays as a whole against the catalog: what lies there that no image, and no attempt, accounts for."""

from __future__ import annotations

from collections.abc import Iterator

from app.admin.findings import Finding, Severity
from app.storage.arrays.inventory import image_ids
from app.storage.arrays.layout import Layout
from app.storage.catalog.attempts import Attempts
from app.storage.catalog.images import Images
from app.storage.catalog.tables import AttemptState

SWEPT_SOON_SECONDS = 600.0
"""By then a running server has long swept what an attempt left behind, or erased a deleted image."""


def store_findings(layout: Layout, attempts: Attempts, images: Images, now: float) -> Iterator[Finding]:
    """now: seconds since the epoch, UTC."""
    lying = image_ids(layout)  # before the catalog is asked: an attempt is known before it writes
    known = attempts.all()
    deleted, deleted_long_ago = images.deleted_before(now), images.deleted_before(now - SWEPT_SOON_SECONDS)
    stored = {image.id for image in images.every()}
    for image_id in sorted(lying - stored):
        attempt = known.get(image_id)
        subject = f"image {image_id}"
        if attempt is None:
            yield Finding(
                "orphan",
                subject,
                "lies in the arrays, and the catalog has never heard of it: left alone. "
                "Is it the right catalog? `rebuild` makes one from what lies beside the arrays",
            )
        elif attempt.state in (AttemptState.BEGUN, AttemptState.ABANDONED):
            if now - attempt.begun_at > SWEPT_SOON_SECONDS:
                text = "an attempt that came to nothing has left files; a running server sweeps them"
                yield Finding("unswept", subject, text, Severity.NOTE)
        elif image_id in deleted:
            if image_id in deleted_long_ago:
                text = "is deleted; a running server erases its files"
                yield Finding("unerased", subject, text, Severity.NOTE)
        elif attempt.state == AttemptState.SWEPT or not images.exists(image_id):
            yield Finding("unerased", subject, "files lie there still that were said to be erased")
