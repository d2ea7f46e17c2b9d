"""Keeping the search index: written with the hit that makes an article worth finding."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, text

from watcher.storage import statements as ask

_MAX_POSITION = 16_383  # of a tsvector
_MAX_POSITIONS = 255

_SQLITE_HASH = text("SELECT hash FROM search_index WHERE rowid = :id")
_SQLITE_DELETE = text("DELETE FROM search_index WHERE rowid = :id")
_SQLITE_INSERT = text(
    "INSERT INTO search_index (rowid, title, body, hash) VALUES (:id, :title, :body, :hash)"
)
_POSTGRESQL_HASH = text("SELECT hash FROM search_index WHERE article_id = :id")
_POSTGRESQL_INSERT = text(
    "INSERT INTO search_index (article_id, hash, terms) "
    "VALUES (:id, :hash, CAST(:terms AS tsvector)) "
    "ON CONFLICT (article_id) DO UPDATE SET hash = excluded.hash, terms = excluded.terms"
)


def index_article(connection: Connection, article_id: int) -> bool:
    """Bring the index up to date for one article, inside the caller's transaction.

    Returns whether anything was to do; an article that is scored again unchanged costs two reads.
    """
    row = connection.execute(ask.indexed_words(), {"article": article_id}).first()
    if row is None:
        return False
    # Late: words and stemmers, which commands that only list need not load.
    from watcher.text import query as queries

    sqlite = connection.dialect.name == "sqlite"
    version = f"{queries.VERSION}:{row.lang or ''}:{row.content_hash}"
    stored = connection.execute(
        _SQLITE_HASH if sqlite else _POSTGRESQL_HASH, {"id": article_id}
    ).scalar()
    if stored == version:
        return False
    title = queries.terms(row.title, row.lang)
    body = queries.terms(row.text or row.summary, row.lang)
    if sqlite:
        connection.execute(_SQLITE_DELETE, {"id": article_id})
        values = {"title": " ".join(title), "body": " ".join(body)}
    else:
        values = {"terms": tsvector(title, body)}
    connection.execute(
        _SQLITE_INSERT if sqlite else _POSTGRESQL_INSERT,
        {"id": article_id, "hash": version, **values},
    )
    return True


def tsvector(title: Sequence[str], body: Sequence[str]) -> str:
    """Terms with their positions in PostgreSQL's notation; headline terms have weight A."""
    places: dict[str, list[str]] = {}
    for at, word in enumerate(title, 1):
        places.setdefault(word, []).append(f"{at}A")
    # A gap, so that no phrase reaches from the headline into the text.
    for at, word in enumerate(body, len(title) + 3):
        if at > _MAX_POSITION:
            break
        where = places.setdefault(word, [])
        if len(where) < _MAX_POSITIONS:
            where.append(str(at))
    return " ".join(f"{word}:{','.join(where)}" for word, where in places.items())
