"""which revision of its article a hit was decided on

An edited page is news to each topic by itself, and only until it was decided on.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("hits", sa.Column("revision", sa.Integer, nullable=False, server_default="1"))
    op.execute(
        "UPDATE hits SET revision = (SELECT a.revision FROM articles a WHERE a.id = hits.article_id)"
    )


def downgrade() -> None:
    op.drop_column("hits", "revision")
