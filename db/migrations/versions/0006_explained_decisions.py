"""what decisions rested on: an article's scores, a hit's grouping"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("articles", sa.Column("scores", sa.JSON(), nullable=True))
    op.add_column("hits", sa.Column("grouping", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("hits", "grouping")
    op.drop_column("articles", "scores")
