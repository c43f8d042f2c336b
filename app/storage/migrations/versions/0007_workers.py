"""how many workers the pipeline's host has, and whose they are"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    whole = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column("pipeline", sa.Column("workers", whole, nullable=True))
    op.add_column("pipeline", sa.Column("scheduler", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("pipeline", "scheduler")
    op.drop_column("pipeline", "workers")
