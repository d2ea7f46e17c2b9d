"""hosts of feeds and entries, to claim a fair share of each

Rows that are there already get their host when they are next written; until then a claim passes
none of them over, as before.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_WAITING = {
    f"{dialect}_where": sa.text("next_try_at IS NOT NULL") for dialect in ("sqlite", "postgresql")
}


def upgrade() -> None:
    with op.batch_alter_table("feeds") as feeds:
        feeds.add_column(sa.Column("host", sa.Text(), nullable=True))
        feeds.drop_index("ix_feeds_due")
        feeds.create_index("ix_feeds_due", ["next_poll_at", "host"], unique=False)
    with op.batch_alter_table("entries") as entries:
        entries.add_column(sa.Column("host", sa.Text(), nullable=True))
        entries.drop_index("ix_entries_due")
        entries.create_index(
            "ix_entries_due", ["next_try_at", "host", "lease_until"], unique=False, **_WAITING
        )


def downgrade() -> None:
    # Not in batches: SQLite would make the tables anew, and dropping feeds takes their entries along.
    op.drop_index("ix_entries_due", "entries")
    op.drop_column("entries", "host")
    op.create_index("ix_entries_due", "entries", ["next_try_at"], unique=False, **_WAITING)
    op.drop_index("ix_feeds_due", "feeds")
    op.drop_column("feeds", "host")
    op.create_index("ix_feeds_due", "feeds", ["next_poll_at"], unique=False)
