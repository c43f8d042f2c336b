"""The tables. Times are seconds since the epoch (UTC); JSON columns hold plain values."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, Integer, MetaData, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012
        dict[str, Any]: JSON,
        list[int]: JSON,
        # SQLite's INTEGER has 64 bits, and counts up only under that name.
        int: BigInteger().with_variant(Integer, "sqlite"),
    }


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    RETRYING = "retrying"
    STORED = "stored"
    DUPLICATE = "duplicate"
    FAILED = "failed"


FINISHED = (JobState.STORED, JobState.DUPLICATE, JobState.FAILED)
UNFINISHED = (JobState.QUEUED, JobState.RETRYING, JobState.RUNNING)
# Word for word as in the indexes for them: of a million jobs, few are unfinished or unsettled.
IS_UNFINISHED = text("state IN ('queued', 'retrying', 'running')")
IS_UNSETTLED = text("NOT settled")
IN_PLACE = text("path IS NOT NULL")


class Job(Base):
    """One file on its way in. Its row outlives the file's journey: all rows together are the history."""

    __tablename__ = "jobs"
    __table_args__ = (
        Index("ix_jobs_state", "state"),
        Index("ix_jobs_unfinished", "id", sqlite_where=IS_UNFINISHED, postgresql_where=IS_UNFINISHED),
        Index("ix_jobs_unsettled", "id", sqlite_where=IS_UNSETTLED, postgresql_where=IS_UNSETTLED),
        Index("ix_jobs_state_finished_at", "state", "finished_at"),
        Index("ix_jobs_path", "path", sqlite_where=IN_PLACE, postgresql_where=IN_PLACE),
        # A name below processed/ or failed/ belongs to one unsettled job at a time.
        Index(
            "uq_jobs_target",
            "target",
            unique=True,
            sqlite_where=text("settled = 0"),
            postgresql_where=text("NOT settled"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    state: Mapped[str] = mapped_column(default=JobState.QUEUED)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[float]
    started_at: Mapped[float | None]
    finished_at: Mapped[float | None]

    # where the file lies: a claim is the folder of .processing/ that holds it; else it is read in place, and its
    # version, where known, is what it was when it was queued: size and last change, or an ETag
    claim: Mapped[str | None] = mapped_column(unique=True)
    path: Mapped[str | None]
    file_version: Mapped[str | None]
    target: Mapped[str | None]
    settled: Mapped[bool] = mapped_column(default=False)

    # who works on it, and until when nobody else may
    lease: Mapped[str | None]
    lease_until: Mapped[float | None]
    attempts: Mapped[int] = mapped_column(default=0)
    crashes: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[float] = mapped_column(default=0.0)

    # how far it is
    sha256: Mapped[str | None]
    rows_done: Mapped[int] = mapped_column(default=0)
    rows_total: Mapped[int | None]

    # how it ended
    image_ids: Mapped[list[int]] = mapped_column(default=list)
    reason: Mapped[str | None]
    message: Mapped[str | None]
    row: Mapped[int | None]
    column: Mapped[str | None]
    value: Mapped[str | None]


class JobCount(Base):
    """How many jobs there are that ended in this state; see `job_counts`."""

    __tablename__ = "job_counts"

    state: Mapped[str] = mapped_column(primary_key=True)
    jobs: Mapped[int]


class AttemptState(StrEnum):
    BEGUN = "begun"
    STORED = "stored"
    ABANDONED = "abandoned"
    SWEPT = "swept"


class Attempt(Base):
    """One try at storing one image. Its key is the image's id, given once and never again."""

    __tablename__ = "attempts"
    __table_args__ = (
        Index("ix_attempts_state", "state"),
        Index("ix_attempts_job_id", "job_id"),
        {"sqlite_autoincrement": True},
    )

    image_id: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[int | None] = mapped_column(ForeignKey("jobs.id", ondelete="SET NULL"))
    lease: Mapped[str]
    state: Mapped[str] = mapped_column(default=AttemptState.BEGUN)
    begun_at: Mapped[float]


class Image(Base):
    """An image that exists: written last, when all its fragments are."""

    __tablename__ = "images"
    __table_args__ = (
        # The same content is stored once; deleting an image frees its content.
        Index(
            "uq_images_content",
            "sha256",
            "channel",
            unique=True,
            sqlite_where=text("deleted_at IS NULL"),
            postgresql_where=text("deleted_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(ForeignKey("attempts.image_id"), primary_key=True, autoincrement=False)
    name: Mapped[str]
    channel: Mapped[str] = mapped_column(default="")
    sha256: Mapped[str]
    source_bytes: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[float]
    deleted_at: Mapped[float | None]
    erased: Mapped[bool] = mapped_column(default=False)

    rows: Mapped[int]
    width: Mapped[int]
    source_width: Mapped[int]
    levels: Mapped[int]
    dropped_rows: Mapped[int]

    depth_min: Mapped[float]
    depth_max: Mapped[float]
    depth_unit: Mapped[str | None]
    step: Mapped[float]
    descending: Mapped[bool]

    display_low: Mapped[float]
    display_high: Mapped[float]
    statistics: Mapped[dict[str, Any]]
    settings: Mapped[dict[str, Any]]
    row_bytes: Mapped[int] = mapped_column(BigInteger)
    overview_bytes: Mapped[int] = mapped_column(BigInteger)

    # what its file, or somebody since, says of it; nothing of it changes a pixel
    well: Mapped[str | None]
    uwi: Mapped[str | None]
    tool: Mapped[str | None]
    run: Mapped[str | None]
    unit: Mapped[str | None]
    hole_diameter: Mapped[float | None]
    other: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")


class Pick(Base):
    """A plane that cuts the hole, as the sinusoid it is on the wall. Lengths in the image's depth unit.

    depth: of the sine's middle. amplitude: half of peak to trough. azimuth: degrees, of its deepest point.
    """

    __tablename__ = "picks"
    __table_args__ = (Index("ix_picks_image_id_depth", "image_id", "depth"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    image_id: Mapped[int] = mapped_column(ForeignKey("images.id"))
    name: Mapped[str]
    kind: Mapped[str]
    depth: Mapped[float]
    amplitude: Mapped[float]
    azimuth: Mapped[float]
    hole_diameter: Mapped[float]
    created_at: Mapped[float]
    updated_at: Mapped[float]


class EventKind(StrEnum):
    JOB = "job"
    IMAGE = "image"
    PICKS = "picks"
    PIPELINE = "pipeline"


class Event(Base):
    """Something that whoever looks on wants to hear of; written in the transaction that did it, pruned soon."""

    __tablename__ = "events"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[float]
    kind: Mapped[str]
    data: Mapped[dict[str, Any]]


class Secret(Base):
    """Random bytes, as hexadecimal digits, that all processes of one server share and nobody else knows."""

    __tablename__ = "secrets"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]


class PipelineState(Base):
    """One row (id 1): what was asked of the pipeline, and what its host last said of itself."""

    __tablename__ = "pipeline"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    wanted: Mapped[bool]
    scans_asked: Mapped[int] = mapped_column(default=0)
    scans_done: Mapped[int] = mapped_column(default=0)
    host: Mapped[str | None]
    data_dir: Mapped[str | None]
    running: Mapped[bool] = mapped_column(default=False)
    mode: Mapped[str | None]
    mode_reason: Mapped[str | None]
    seen_at: Mapped[float] = mapped_column(default=0.0)
    waiting: Mapped[int] = mapped_column(default=0)
    trouble: Mapped[str | None]
    workers: Mapped[int | None]
    scheduler: Mapped[str | None]
