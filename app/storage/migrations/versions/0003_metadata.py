"""metadata of images"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TEXTS = ("well", "uwi", "tool", "run", "unit")


def upgrade() -> None:
    with op.batch_alter_table("images", schema=None) as batch_op:
        for name in _TEXTS:
            batch_op.add_column(sa.Column(name, sa.String(), nullable=True))
        batch_op.add_column(sa.Column("hole_diameter", sa.Double(), nullable=True))
        batch_op.add_column(sa.Column("other", sa.JSON(), nullable=False, server_default="{}"))


def downgrade() -> None:
    with op.batch_alter_table("images", schema=None) as batch_op:
        for name in ("other", "hole_diameter", *reversed(_TEXTS)):
            batch_op.drop_column(name)
