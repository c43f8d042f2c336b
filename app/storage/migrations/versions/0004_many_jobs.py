"""the few unfinished of many jobs found at once; whole numbers of 64 bits on PostgreSQL, too"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# In one go for each table: PostgreSQL writes it anew.
WIDENED = {
    "jobs": ("id", "attempts", "crashes", "rows_done", "rows_total", "row"),
    "attempts": ("image_id", "job_id"),
    "images": ("id", "rows", "width", "source_width", "levels", "dropped_rows"),
    "picks": ("id", "image_id"),
    "events": ("id",),
    "pipeline": ("id", "scans_asked", "scans_done", "waiting"),
}
COUNTED = ("jobs_id_seq", "attempts_image_id_seq", "picks_id_seq", "events_id_seq")


UNFINISHED = sa.text("state IN ('queued', 'retrying', 'running')")
UNSETTLED = sa.text("NOT settled")


def upgrade() -> None:
    _make_all("bigint")
    op.create_index(
        "ix_jobs_unfinished", "jobs", ["id"], sqlite_where=UNFINISHED, postgresql_where=UNFINISHED
    )
    op.create_index("ix_jobs_unsettled", "jobs", ["id"], sqlite_where=UNSETTLED, postgresql_where=UNSETTLED)
    op.create_index("ix_attempts_job_id", "attempts", ["job_id"])


def downgrade() -> None:
    op.drop_index("ix_attempts_job_id", "attempts")
    op.drop_index("ix_jobs_unsettled", "jobs")
    op.drop_index("ix_jobs_unfinished", "jobs")
    _make_all("integer")


def _make_all(kind: str) -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for table, columns in WIDENED.items():
        changes = ", ".join(f'ALTER COLUMN "{column}" TYPE {kind}' for column in columns)
        op.execute(sa.text(f"ALTER TABLE {table} {changes}"))
    for sequence in COUNTED:
        op.execute(sa.text(f"ALTER SEQUENCE {sequence} AS {kind}"))
