"""copies of one text, and when a text was scored

Copies count for no publisher of their own. An article that was scored before is no news when another
configuration makes a hit of it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("hits", sa.Column("copy_of", sa.Integer()))
    op.add_column("articles", sa.Column("scored_at", sa.DateTime(timezone=True)))
    op.execute(
        "UPDATE articles SET scored_at = coalesce(fetched_at, first_seen_at) "
        "WHERE next_score_at IS NULL"
    )


def downgrade() -> None:
    op.drop_column("articles", "scored_at")
    op.drop_column("hits", "copy_of")
