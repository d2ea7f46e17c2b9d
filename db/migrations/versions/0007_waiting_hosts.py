"""hosts of the entries that waited, or will wait, when 0004 brought hosts

Entries that nobody waits for are not looked at: of a store of years those are nearly all.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from watcher.model import FeedKind, ReadPolicy
from watcher.storage.feeds import host_of

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_feeds = sa.table("feeds", sa.column("id"), sa.column("kind"), sa.column("settings", sa.JSON()))
_entries = sa.table(
    "entries",
    sa.column("id"),
    sa.column("feed_id"),
    sa.column("article_id"),
    sa.column("url"),
    sa.column("host"),
    sa.column("next_try_at"),
)
_hits = sa.table("hits", sa.column("article_id"), sa.column("next_check_at"))


def upgrade() -> None:
    connection = op.get_bind()
    asking = [
        row.id
        for row in connection.execute(sa.select(_feeds))
        if row.kind != FeedKind.TELEGRAM and row.settings.get("read") != ReadPolicy.NEVER
    ]
    watched = sa.select(_hits.c.article_id).where(_hits.c.next_check_at.is_not(None))
    hosts: dict[int, str | None] = {}
    # Two queries, so that each has its index.
    for due in (_entries.c.next_try_at.is_not(None), _entries.c.article_id.in_(watched)):
        query = sa.select(_entries.c.id, _entries.c.url).where(
            due, _entries.c.host.is_(None), _entries.c.feed_id.in_(asking)
        )
        hosts |= {row.id: host_of(row.url) for row in connection.execute(query)}
    found = [{"of_entry": entry_id, "new": host} for entry_id, host in hosts.items() if host]
    if found:
        fill = sa.update(_entries).where(_entries.c.id == sa.bindparam("of_entry"))
        connection.execute(fill.values(host=sa.bindparam("new")), found)


def downgrade() -> None:
    """Nothing to take back: the column stays as it is until 0004 goes."""
