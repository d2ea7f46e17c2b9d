"""full text search

The index has no portable description: a virtual table on SQLite, a tsvector on PostgreSQL. It is
therefore raw DDL here and not part of the metadata.
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Terms come as [a-z0-9]+ with spaces between them, so the simplest tokenizer is the right one.
_SQLITE = (
    "CREATE VIRTUAL TABLE search_index USING fts5(title, body, hash UNINDEXED, tokenize = 'ascii')",
    "CREATE TRIGGER search_forgets AFTER DELETE ON articles BEGIN "
    "DELETE FROM search_index WHERE rowid = old.id; END",
)
_POSTGRESQL = (
    "CREATE TABLE search_index ("
    "article_id INTEGER PRIMARY KEY REFERENCES articles (id) ON DELETE CASCADE, "
    "hash TEXT NOT NULL, terms TSVECTOR NOT NULL)",
    "CREATE INDEX ix_search_index_terms ON search_index USING gin (terms)",
)


def upgrade() -> None:
    for statement in _SQLITE if op.get_bind().dialect.name == "sqlite" else _POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER search_forgets")
    op.execute("DROP TABLE search_index")
