"""A catalog's rows from what was found beside the arrays, for one that is lost."""

from __future__ import annotations

from collections.abc import Sequence

from app.storage.catalog.attempts import count_from
from app.storage.catalog.database import Catalog
from app.storage.catalog.tables import Attempt, AttemptState, Image, Job, JobState, Pick


def fill(
    catalog: Catalog, images: Sequence[Image], picks: Sequence[Pick], jobs: Sequence[Job], used_up: int
) -> None:
    """All of it in one transaction, into an empty catalog. Images and picks keep their ids, jobs get them in order.

    used_up: the highest image id that may ever have been given out.

    Raises CatalogUnavailable, and IntegrityError where two images hold the same content.
    """
    with catalog.writing() as session:
        maker: dict[int, Job] = {}
        for job in jobs:
            session.add(job)
            session.flush()
            if job.state == JobState.STORED:
                maker.update(dict.fromkeys(job.image_ids, job))
        for image in images:
            job_id = maker[image.id].id if image.id in maker else None
            session.add(
                Attempt(
                    image_id=image.id,
                    job_id=job_id,
                    lease="",
                    state=AttemptState.STORED,
                    begun_at=image.created_at,
                )
            )
        session.flush()
        session.add_all(images)
        session.flush()
        session.add_all(picks)
        session.flush()
        count_from(session, max(used_up, *(image.id for image in images), 0))
