"""picks"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "picks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("image_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("depth", sa.Double(), nullable=False),
        sa.Column("amplitude", sa.Double(), nullable=False),
        sa.Column("azimuth", sa.Double(), nullable=False),
        sa.Column("hole_diameter", sa.Double(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name=op.f("fk_picks_image_id_images")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_picks")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("picks", schema=None) as batch_op:
        batch_op.create_index("ix_picks_image_id_depth", ["image_id", "depth"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("picks", schema=None) as batch_op:
        batch_op.drop_index("ix_picks_image_id_depth")

    op.drop_table("picks")
