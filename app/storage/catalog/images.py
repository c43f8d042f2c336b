"""Images in the catalog: begun, committed, listed, deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVarTuple

from sqlalchemy import ColumnElement, Select, String, and_, cast, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from app.errors import ImageNotFound, LeaseLost
from app.storage.catalog.database import Catalog
from app.storage.catalog.events import announce_image, announce_job
from app.storage.catalog.leases import Lease, held
from app.storage.catalog.tables import Attempt, AttemptState, Image, Job, JobState
from app.storage.catalog.transitions import finish

Columns = TypeVarTuple("Columns")


@dataclass(frozen=True)
class Totals:
    """What all images together are: pixels, and their bytes on disk."""

    images: int
    rows: int
    pixels: int
    source_bytes: int
    row_bytes: int
    overview_bytes: int


@dataclass(frozen=True)
class ImageFilter:
    """search: a part, in any case, of the name, the channel, or what is said of the image. The others: exactly."""

    search: str = ""
    well: str | None = None
    uwi: str | None = None
    tool: str | None = None

    def chosen(self) -> list[ColumnElement[bool]]:
        said = (Image.name, Image.channel, Image.well, Image.uwi, Image.tool, Image.run, Image.unit)
        found = [or_(*(text.icontains(self.search, autoescape=True) for text in (*said, _OTHER)))]
        exact = ((Image.well, self.well), (Image.uwi, self.uwi), (Image.tool, self.tool))
        return (found if self.search else []) + [
            column == wanted for column, wanted in exact if wanted is not None
        ]


_OTHER = cast(Image.other, String)


class Images:
    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog

    def begin(self, lease: Lease, now: float) -> int:
        """A new image id for one attempt, never used before or again. Raises LeaseLost."""
        with self.catalog.writing() as session:
            held(session, lease)
            attempt = Attempt(job_id=lease.job_id, lease=lease.token, begun_at=now)
            session.add(attempt)
            session.flush()
            return attempt.image_id

    def commit(
        self, lease: Lease, now: float, images: Sequence[Image], *, of_job: Sequence[int] | None = None
    ) -> None:
        """The images exist from here on, and their job is done: one transaction.

        of_job: the ids that the job is to list, where some of its images had been stored before.
        Raises LeaseLost, also where an attempt was given up, and IntegrityError where the same content was
        committed meanwhile.
        """
        with self.catalog.writing() as session:
            job = held(session, lease)
            for image in images:
                attempt = session.get_one(Attempt, image.id, with_for_update=True)
                if attempt.state != AttemptState.BEGUN or attempt.lease != lease.token:
                    raise LeaseLost(f"image {image.id} of job {lease.job_id} is no longer ours")
                attempt.state = AttemptState.STORED
                session.add(image)
            finish(job, lease, JobState.STORED, now, list(of_job or (image.id for image in images)))
            job.rows_done = job.rows_total = sum(image.rows for image in images)
            announce_job(session, job)
            for image in images:
                announce_image(session, image.id, "stored")

    def of_content(self, sha256: str) -> dict[str, int]:
        """The ids of the images that hold this content, by channel."""
        query = _existing(select(Image.channel, Image.id)).where(Image.sha256 == sha256)
        with self.catalog.reading() as session:
            found: dict[str, int] = dict(session.execute(query).all())
        return found

    def get(self, image_id: int) -> Image:
        """Raises ImageNotFound."""
        with self.catalog.reading() as session:
            return existing_image(session, image_id)

    def page(
        self, limit: int, after: int = 0, chosen: ImageFilter = ImageFilter()
    ) -> tuple[Sequence[Image], int]:
        """Images with ids above `after`, oldest first, and how many there are in all."""
        found = chosen.chosen()
        query = _existing(select(Image)).where(Image.id > after, *found).order_by(Image.id).limit(limit)
        with self.catalog.reading() as session:
            total = session.scalar(_existing(select(func.count()).select_from(Image)).where(*found)) or 0
            return session.scalars(query).all(), total

    def change(self, image_id: int, values: Mapping[str, Any], describe: Callable[[Image], object]) -> Image:
        """Say something else of an image. values: the columns to change; `other` by its keys, None takes one away.

        describe: called with the image as it will be, before that is committed. Raises ImageNotFound.
        """
        with self.catalog.writing() as session:
            image = existing_image(session, image_id, lock=True)
            for column, value in values.items():
                if column == "other":
                    merged = image.other | value
                    value = {key: text for key, text in merged.items() if text is not None}
                setattr(image, column, value)
            session.flush()
            describe(image)
            announce_image(session, image_id, "changed")
            return image

    def every(self, at_once: int = 500) -> Iterator[Image]:
        """All images, oldest first, as they are when their turn comes."""
        after = 0
        while images := self.page(at_once, after)[0]:
            yield from images
            after = images[-1].id

    def exists(self, image_id: int) -> bool:
        with self.catalog.reading() as session:
            return session.scalar(_existing(select(Image.id)).where(Image.id == image_id)) is not None

    def knows_content(self, sha256: str) -> bool:
        """Whether an image holds this content, or did before it was deleted."""
        with self.catalog.reading() as session:
            return session.scalar(select(Image.id).where(Image.sha256 == sha256).limit(1)) is not None

    def other_width(self, width: int) -> int | None:
        """The width of an image that is not as wide, deleted or not: its shard is there still."""
        with self.catalog.reading() as session:
            return session.scalar(select(Image.width).where(Image.width != width).limit(1))

    def totals(self) -> Totals:
        query = _existing(
            select(
                func.count(Image.id),
                *(
                    func.coalesce(func.sum(figure), 0)
                    for figure in (
                        Image.rows,
                        Image.rows * Image.width,
                        Image.source_bytes,
                        Image.row_bytes,
                        Image.overview_bytes,
                    )
                ),
            )
        )
        with self.catalog.reading() as session:
            return Totals(*(int(figure) for figure in session.execute(query).one()))

    def delete(self, image_id: int, now: float) -> None:
        """From here on there is no such image; its arrays are erased once no reader can hold them.

        Raises ImageNotFound.
        """
        with self.catalog.writing() as session:
            existing_image(session, image_id, lock=True).deleted_at = now
            announce_image(session, image_id, "deleted")

    def deleted_before(self, moment: float) -> Sequence[int]:
        """Deleted images whose arrays still lie on disk."""
        query = select(Image.id).where(Image.deleted_at < moment, Image.erased.is_(False))
        with self.catalog.reading() as session:
            return session.scalars(query).all()

    def mark_erased(self, image_id: int) -> None:
        with self.catalog.writing() as session:
            session.get_one(Image, image_id).erased = True

    def abandoned(self, lapsed_before: float) -> Sequence[int]:
        """Ids of attempts that are given up and not yet swept.

        Those that nobody has worked on since `lapsed_before` are given up here, and can never be committed from
        then on: what is erased next is nobody's.
        """
        owner = aliased(Job)
        alive = (
            select(owner.id)
            .where(
                owner.id == Attempt.job_id,
                owner.state == JobState.RUNNING,
                owner.lease == Attempt.lease,
                owner.lease_until >= lapsed_before,
            )
            .exists()
        )
        lapsed = and_(Attempt.state == AttemptState.BEGUN, Attempt.begun_at < lapsed_before, ~alive)
        given_up = select(Attempt.image_id).where(or_(lapsed, Attempt.state == AttemptState.ABANDONED))
        with self.catalog.reading() as session:  # mostly there is none
            if session.scalar(given_up.limit(1)) is None:
                return []
        with self.catalog.writing() as session:
            session.execute(
                update(Attempt)
                .where(lapsed)
                .values(state=AttemptState.ABANDONED)
                .execution_options(synchronize_session=False)
            )
            return session.scalars(given_up.order_by(Attempt.image_id)).all()

    def abandon(self, image_id: int) -> bool:
        """Give up one attempt; False where it was committed after all, and its image exists."""
        with self.catalog.writing() as session:
            attempt = session.get_one(Attempt, image_id, with_for_update=True)
            if attempt.state == AttemptState.STORED:
                return False
            attempt.state = AttemptState.ABANDONED
            return True

    def mark_swept(self, image_id: int) -> None:
        with self.catalog.writing() as session:
            session.get_one(Attempt, image_id).state = AttemptState.SWEPT


def existing_image(session: Session, image_id: int, *, lock: bool = False) -> Image:
    """lock: nobody changes it until the transaction ends. Raises ImageNotFound."""
    # SQLite's integers end at 2^63; no id comes near it.
    query = _existing(select(Image)).where(Image.id == image_id)
    query = query.with_for_update() if lock else query
    image = session.scalar(query) if 0 < image_id < 2**63 else None
    if image is None:
        raise ImageNotFound(
            f"there is no image {image_id}; GET /images lists those there are", image_id=image_id
        )
    return image


def _existing(query: Select[*Columns]) -> Select[*Columns]:
    return query.where(Image.deleted_at.is_(None))
