"""Full text search over the articles of hits and near misses, the same on both databases.

Only those articles are indexed: what is searched is what was kept for people, and an index over
everything that the feeds ever brought would cost more than the rest of the database.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Float, Integer, Subquery, column, select, text

from watcher.model import HitId
from watcher.storage.database import Database
from watcher.storage.index import index_article
from watcher.storage.records import HitFilter, HitRecord
from watcher.storage.review import conditions, hit_from, hit_query
from watcher.storage.tables import articles, hits
from watcher.text import query as queries

TITLE_WEIGHT = 6.0
"""A word in the headline counts so much more than one in the text."""


CANDIDATES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A hit that a search found, best first, with the article's text for its snippet."""

    hit: HitRecord
    text: str


class Search:
    """Reads the index that ``index_article`` keeps."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, query: queries.Node, wanted: HitFilter) -> list[Found]:
        """Hits (or near misses) that match and pass the filter, best match first."""
        with self._database.reading() as connection:
            ids = self._best(connection, query, wanted)
            texts = hit_query().add_columns(articles.c.text).where(hits.c.id.in_(ids))
            rows = connection.execute(texts).all()
        found = {row.id: Found(hit=hit_from(row), text=row.text) for row in rows}
        return [found[HitId(hit_id)] for hit_id in ids if hit_id in found]

    def _best(
        self, connection: Connection, query: queries.Node, wanted: HitFilter
    ) -> Sequence[int]:
        """Ids of the best matches that pass the filter.

        Only the best candidates are looked up in the hits; more of them where the filter leaves
        too few. A common word matches half of everything, and its rank is all the index knows.
        """
        room = max(CANDIDATES, wanted.limit)
        while True:
            ranked = self._ranked(query, room)
            ids = (
                connection.execute(
                    select(hits.c.id)
                    .join(ranked, ranked.c.article_id == hits.c.article_id)
                    .join(articles, articles.c.id == hits.c.article_id)
                    .where(*conditions(wanted))
                    .order_by(ranked.c.rank.desc(), hits.c.first_seen_at.desc(), hits.c.id.desc())
                    .limit(wanted.limit)
                )
                .scalars()
                .all()
            )
            if len(ids) == wanted.limit or room >= self._matches(connection, query):
                return ids
            room *= 8

    def _matches(self, connection: Connection, query: queries.Node) -> int:
        """How many articles match at all."""
        sqlite = self._database.is_sqlite
        where = "search_index MATCH :e" if sqlite else "terms @@ CAST(:e AS tsquery)"
        expression = fts5(query) if sqlite else tsquery(query)
        counted = text(f"SELECT count(*) FROM search_index WHERE {where}")  # noqa: S608
        return int(connection.execute(counted, {"e": expression}).scalar_one())

    def _ranked(self, query: queries.Node, room: int) -> Subquery:
        """The best matching articles, each with a rank that is higher for a better match."""
        if self._database.is_sqlite:
            # bm25 is negative: the better the lower.
            statement = text(
                f"SELECT rowid AS article_id, -bm25(search_index, {TITLE_WEIGHT}, 1.0) AS rank "  # noqa: S608
                "FROM search_index WHERE search_index MATCH :expression "
                "ORDER BY rank DESC, rowid DESC LIMIT :room"
            ).bindparams(expression=fts5(query), room=room)
        else:
            weights = f"{{0.1, 0.1, {1 / TITLE_WEIGHT:.3f}, 1.0}}"
            statement = text(
                "SELECT article_id, ts_rank(CAST(:weights AS float4[]), terms, wanted, 1) AS rank "
                "FROM search_index, CAST(:expression AS tsquery) AS wanted WHERE terms @@ wanted "
                "ORDER BY rank DESC, article_id DESC LIMIT :room"
            ).bindparams(expression=tsquery(query), weights=weights, room=room)
        return statement.columns(column("article_id", Integer), column("rank", Float)).subquery()

    def rebuild(self, *, batch: int = 500) -> int:
        """Index every kept article anew where its entry is missing or old; returns how many."""
        done = 0
        last = 0
        while True:
            with self._database.writing() as connection:
                ids = (
                    connection.execute(
                        select(hits.c.article_id)
                        .where(hits.c.article_id > last)
                        .distinct()
                        .order_by(hits.c.article_id)
                        .limit(batch)
                    )
                    .scalars()
                    .all()
                )
                if not ids:
                    return done
                for article_id in ids:
                    done += index_article(connection, article_id)
            last = ids[-1]


def fts5(node: queries.Node) -> str:
    """A query as an FTS5 expression. Terms are ``[a-z0-9]+`` and quoted: nothing can escape."""
    if isinstance(node, queries.Phrase):
        ways = [f'"{" ".join(variant)}"' for variant in node.variants]
        if node.prefix:
            ways.append(f'"{node.prefix}" *')
        return f"({' OR '.join(ways)})"
    if isinstance(node, queries.Any):
        return f"({' OR '.join(map(fts5, node.parts))})"
    wanted = " AND ".join(map(fts5, node.wanted))
    if not node.unwanted:
        return f"({wanted})"
    return f"(({wanted}) NOT ({' OR '.join(map(fts5, node.unwanted))}))"


def tsquery(node: queries.Node) -> str:
    """A query as a tsquery."""
    if isinstance(node, queries.Phrase):
        ways = [" <-> ".join(variant) for variant in node.variants]
        if node.prefix:
            ways.append(f"{node.prefix}:*")
        return f"({' | '.join(f'({way})' for way in ways)})"
    if isinstance(node, queries.Any):
        return f"({' | '.join(map(tsquery, node.parts))})"
    parts = [*map(tsquery, node.wanted), *(f"!{tsquery(part)}" for part in node.unwanted)]
    return f"({' & '.join(parts)})"
