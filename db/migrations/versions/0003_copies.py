"""copies of one text, when a text was scored, and hits that are none any more

Copies count for no publisher of their own. An article that was scored before is no news when another
configuration makes a hit of it. Hits that fell under the threshold were filed as random samples of
the rejects, each of which counts for hundreds; the address tells a true sample.
"""

from __future__ import annotations

import zlib

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
    samples = op.get_bind().execute(
        sa.text(
            "SELECT hits.id, hits.topic, articles.canonical_url FROM hits "
            "JOIN articles ON articles.id = hits.article_id WHERE hits.kind = 'sample'"
        )
    )
    for hit_id, topic, url in samples.all():
        if zlib.crc32(f"{topic} {url}".encode()) % 500:
            op.get_bind().execute(
                sa.text("UPDATE hits SET kind = 'former' WHERE id = :id"), {"id": hit_id}
            )


def downgrade() -> None:
    op.execute("UPDATE hits SET kind = 'sample' WHERE kind = 'former'")
    op.drop_column("articles", "scored_at")
    op.drop_column("hits", "copy_of")
