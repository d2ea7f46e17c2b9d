"""Stored articles: what is to be scored, what was, and how they are found again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, func, select, update

from watcher.model import ArticleId, EntryState, HitKind, Score, TopicId
from watcher.storage.claims import NOW, free, give_back
from watcher.storage.database import Database
from watcher.storage.keeping import Keeping
from watcher.storage.records import ArticleData, ArticleRecord, PastScore, article_facts
from watcher.storage.tables import article_urls, articles, entries, feeds, hits, revisions
from watcher.urls import article_address, canonical

_LOOKED_AT = 20  # articles for each that is wanted
_SCORED = (
    update(articles)
    .where(articles.c.id == bindparam("article"))
    .values(
        scores=bindparam("found"),
        scored_at=bindparam("at"),
        next_score_at=None,
        lease_until=None,
    )
)


class Articles:
    """The articles table. Due work is an article whose time to be scored has come."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, *, now: datetime, limit: int, lease: timedelta) -> list[ArticleRecord]:
        """Lease articles that are to be scored, by id."""
        chosen = (
            select(articles.c.id)
            .where(
                articles.c.next_score_at <= NOW,
                free(articles),
            )
            .order_by(articles.c.next_score_at, articles.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        claim = (
            update(articles)
            .where(articles.c.id.in_(chosen.scalar_subquery()))
            .values(lease_until=now + lease)
            .returning(articles)
        )
        with self._database.writing() as connection:
            claimed = connection.execute(claim, {"now": now}).all()
            return sorted(_articles_from(connection, claimed), key=lambda a: a.id)

    def release(self, ids: Collection[ArticleId]) -> None:
        """Give leases back unfinished."""
        give_back(self._database, articles, ids)

    def rescore(self, ids: Sequence[ArticleId], *, now: datetime) -> None:
        """Make these articles due for scoring again."""
        with self._database.writing() as connection:
            for start in range(0, len(ids), 500):
                some = list(ids[start : start + 500])
                connection.execute(
                    update(articles).where(articles.c.id.in_(some)).values(next_score_at=now)
                )

    def keep(self, found: Sequence[ArticleData]) -> list[ArticleId]:
        """Store articles that no entry led to; their ids, in order."""
        keeping = Keeping(self._database)
        with self._database.writing() as connection:
            return [keeping.keep(connection, data) for data in found]

    def by_ids(self, ids: Collection[ArticleId]) -> list[ArticleRecord]:
        """Articles by id."""
        return self._found(select(articles).where(articles.c.id.in_(list(ids))))

    def by_url(self, url: str) -> ArticleRecord | None:
        """The article that a link leads to: that of an entry with it, else one met at its address."""
        linked = (
            select(entries.c.article_id)
            .where(entries.c.url == url, entries.c.article_id.is_not(None))
            .order_by(entries.c.id.desc())
            .limit(1)
        )
        met = select(article_urls.c.article_id).where(
            article_urls.c.url.in_([article_address(url), canonical(url)])
        )
        with self._database.reading() as connection:
            found = connection.execute(linked).scalar() or connection.execute(met).scalar()
        return self.by_ids([ArticleId(found)])[0] if found is not None else None

    def revisions(self, article_id: ArticleId) -> list[Row[Any]]:
        """Earlier texts of an article, oldest first."""
        query = (
            select(revisions).where(revisions.c.article_id == article_id).order_by(revisions.c.id)
        )
        with self._database.reading() as connection:
            return list(connection.execute(query))

    def since(self, since: datetime, *, limit: int) -> list[ArticleRecord]:
        """Stored articles for a backtest, newest first."""
        query = (
            select(articles)
            .where(articles.c.first_seen_at >= since)
            .order_by(articles.c.first_seen_at.desc())
            .limit(limit)
        )
        return self._found(query)

    def ordinary(
        self, topic: TopicId, *, of_publisher: int, limit: int
    ) -> list[tuple[ArticleId, str]]:
        """Articles that are neither hits nor near misses of a topic, with their publishers: the
        newest that were read and scored, so many of a publisher at most."""
        about = select(hits.c.article_id).where(
            hits.c.topic == topic, hits.c.kind.in_((HitKind.HIT, HitKind.NEAR_MISS))
        )
        # Of the newest only: in a store of years, to rank every article would take a minute.
        newest = (
            select(articles.c.id, articles.c.publisher, articles.c.first_seen_at)
            .where(
                articles.c.next_score_at.is_(None),
                articles.c.partial.is_(False),
                articles.c.id.not_in(about),
            )
            .order_by(articles.c.first_seen_at.desc(), articles.c.id.desc())
            .limit(_LOOKED_AT * limit)
            .subquery()
        )
        order = (newest.c.first_seen_at.desc(), newest.c.id.desc())
        place = func.row_number().over(partition_by=newest.c.publisher, order_by=order)
        ranked = select(newest, place.label("place")).subquery()
        query = (
            select(ranked.c.id, ranked.c.publisher)
            .where(ranked.c.place <= of_publisher)
            .order_by(ranked.c.place, ranked.c.first_seen_at.desc(), ranked.c.id.desc())
            .limit(limit)
        )
        with self._database.reading() as connection:
            return [(ArticleId(row.id), row.publisher) for row in connection.execute(query)]

    def _found(self, query: Any) -> list[ArticleRecord]:
        with self._database.reading() as connection:
            return _articles_from(connection, connection.execute(query).all())


def mark_scored(
    connection: Connection, scores: Mapping[ArticleId, Sequence[Score]], *, at: datetime | None
) -> None:
    """Inside the deciding transaction: these articles, and their entries, are done.

    ``at`` None: they could not be scored, and are not tried again.
    """
    if not scores:
        return
    rows = [
        {
            "article": article_id,
            "at": at,
            "found": {s.topic: [round(s.value, 2), s.threshold, s.profile_version] for s in found},
        }
        for article_id, found in scores.items()
    ]
    connection.execute(_SCORED, rows)
    connection.execute(
        update(entries)
        .where(
            and_(
                entries.c.article_id.in_(list(scores)),
                entries.c.next_try_at.is_(None),
                entries.c.state.in_((EntryState.READ, EntryState.UNREADABLE)),
            )
        )
        .values(state=EntryState.SCORED)
    )


def _articles_from(connection: Connection, rows: Sequence[Row[Any]]) -> list[ArticleRecord]:
    """Read rows of the articles table, each with the settings of all feeds that lead to it."""
    query = (
        select(entries.c.article_id, feeds.c.settings)
        .join(feeds, feeds.c.id == entries.c.feed_id)
        .where(entries.c.article_id.in_([row.id for row in rows]))
    )
    speaks: dict[int, list[Any]] = {}
    for article_id, settings in connection.execute(query) if rows else ():
        speaks.setdefault(article_id, []).append(settings)
    return [_article_from(row, speaks.get(row.id, ())) for row in rows]


def _article_from(row: Row[Any], speaks: Sequence[Any]) -> ArticleRecord:
    restricted = speaks and all(settings.get("topics") for settings in speaks)
    topics = {topic for settings in speaks for topic in settings["topics"]} if restricted else set()
    return ArticleRecord(
        **article_facts(row),
        id=ArticleId(row.id),
        revision=row.revision,
        scored_at=row.scored_at,
        next_score_at=row.next_score_at,
        scores=None if row.scores is None else _past_scores(row.scores),
        topics=tuple(TopicId(topic) for topic in sorted(topics)),
        tags=tuple(sorted({tag for settings in speaks for tag in settings.get("tags", ())})),
    )


def _past_scores(stored: Mapping[str, Sequence[Any]]) -> dict[TopicId, PastScore]:
    return {
        TopicId(topic): PastScore(value=value, threshold=threshold, profile_version=version)
        for topic, (value, threshold, version) in stored.items()
    }
