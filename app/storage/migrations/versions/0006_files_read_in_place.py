"""files read where they lie, found by their path; ended jobs counted as they end"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

FINISHED = ("stored", "duplicate", "failed")
IN_PLACE = sa.text("path IS NOT NULL")


def upgrade() -> None:
    op.add_column("jobs", sa.Column("file_version", sa.String(), nullable=True))
    op.create_index("ix_jobs_state_finished_at", "jobs", ["state", "finished_at"])
    op.create_index("ix_jobs_path", "jobs", ["path"], sqlite_where=IN_PLACE, postgresql_where=IN_PLACE)
    whole = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "job_counts",
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("jobs", whole, nullable=False),
        sa.PrimaryKeyConstraint("state", name=op.f("pk_job_counts")),
    )
    for state in FINISHED:
        op.execute(
            sa.text(
                f"INSERT INTO job_counts (state, jobs) SELECT '{state}', count(*) FROM jobs WHERE state = '{state}'"
            )
        )


def downgrade() -> None:
    op.drop_table("job_counts")
    op.drop_index("ix_jobs_path", "jobs")
    op.drop_index("ix_jobs_state_finished_at", "jobs")
    op.drop_column("jobs", "file_version")
