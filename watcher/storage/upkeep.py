"""What the watcher looks after now and then: edit checks, its own troubles, unusual numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, case, delete, func, select, update

from watcher.decide.notices import Cause
from watcher.model import ArticleId, DeliveryState, EntryState, FailureReason, HitId, HitKind
from watcher.storage.database import Database
from watcher.storage.tables import articles, causes, deliveries, entries, hits

_DAY = timedelta(days=1)
# A page that nobody asked for says nothing about extraction.
_NOT_TRIED = (
    FailureReason.READ_NEVER,
    FailureReason.NOT_PLAUSIBLE,
    FailureReason.NO_LINK,
    FailureReason.HELD_BACK,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRecord:
    """A hit whose page is to be looked at again."""

    hit_id: HitId
    article_id: ArticleId
    first_seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOutcome:
    """A check that is queued now, and when the next one follows."""

    check: CheckRecord
    checks: int
    next_check_at: datetime | None


class Upkeep:
    """Queries and writes of the upkeep tick."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def due_checks(self, *, now: datetime, limit: int = 50) -> list[CheckRecord]:
        """Hits whose page is to be looked at again."""
        query = (
            select(hits.c.id, hits.c.article_id, hits.c.first_seen_at)
            .where(hits.c.next_check_at <= now)
            .order_by(hits.c.next_check_at)
            .limit(limit)
        )
        with self._database.reading() as connection:
            return [
                CheckRecord(
                    hit_id=HitId(row.id),
                    article_id=ArticleId(row.article_id),
                    first_seen_at=row.first_seen_at,
                )
                for row in connection.execute(query)
            ]

    def queue_checks(self, outcomes: Sequence[CheckOutcome], *, now: datetime) -> None:
        """Make one entry of each article due for reading again."""
        with self._database.writing() as connection:
            for outcome in outcomes:
                first = select(func.min(entries.c.id)).where(
                    entries.c.article_id == outcome.check.article_id
                )
                connection.execute(
                    update(entries)
                    .where(entries.c.id == first.scalar_subquery(), entries.c.next_try_at.is_(None))
                    .values(state=EntryState.NEW, next_try_at=now, lease_until=None)
                )
                connection.execute(
                    update(hits)
                    .where(hits.c.id == outcome.check.hit_id)
                    .values(checks=outcome.checks, next_check_at=outcome.next_check_at)
                )

    def causes(self) -> dict[str, Cause]:
        """Known troubles by key."""
        with self._database.reading() as connection:
            return {
                row.cause: Cause(
                    key=row.cause,
                    detail=row.detail,
                    since=row.since,
                    told_at=row.told_at,
                    cleared_at=row.cleared_at,
                )
                for row in connection.execute(select(causes))
            }

    def keep_causes(self, connection: Connection, kept: Sequence[Cause]) -> None:
        """Inside a deciding transaction: the causes as decided, so that notices and they agree."""
        keys = [cause.key for cause in kept]
        connection.execute(delete(causes).where(causes.c.cause.in_(keys)))
        if kept:
            connection.execute(
                causes.insert(),
                [
                    {
                        "cause": cause.key,
                        "detail": cause.detail,
                        "since": cause.since,
                        "told_at": cause.told_at,
                        "cleared_at": cause.cleared_at,
                    }
                    for cause in kept
                ],
            )

    def dead_by_receiver(self) -> dict[str, int]:
        """Dead deliveries per receiver."""
        query = (
            select(deliveries.c.receiver, func.count())
            .where(deliveries.c.state == DeliveryState.DEAD)
            .group_by(deliveries.c.receiver)
        )
        with self._database.reading() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def extraction(self, *, now: datetime) -> Mapping[str, tuple[int, int]]:
        """Per publisher, of the last day: articles whose page was tried, and how many failed."""
        tried = articles.c.reason.is_(None) | articles.c.reason.not_in(_NOT_TRIED)
        query = (
            select(
                articles.c.publisher,
                func.count(),
                func.sum(case((articles.c.partial, 1), else_=0)),
            )
            .where(articles.c.first_seen_at >= now - _DAY, tried)
            .group_by(articles.c.publisher)
        )
        with self._database.reading() as connection:
            return {row[0]: (row[1], int(row[2] or 0)) for row in connection.execute(query)}

    def daily_hits(self, topic: str, *, now: datetime, days: int) -> list[int]:
        """Hits of each of the last ``days`` full days (24 h back from now), newest first."""
        since = now - _DAY * days
        query = select(hits.c.first_seen_at).where(
            hits.c.topic == topic, hits.c.kind == HitKind.HIT, hits.c.first_seen_at >= since
        )
        counts = [0] * days
        with self._database.reading() as connection:
            for (at,) in connection.execute(query):
                counts[min(days - 1, max(0, int((now - at) / _DAY)))] += 1
        return counts

    def latest_hits(self, topic: str, *, limit: int = 4000) -> list[datetime]:
        """When the topic's latest hits were seen, oldest first: of a busy topic, weeks of them."""
        query = (
            select(hits.c.first_seen_at)
            .where(hits.c.topic == topic, hits.c.kind == HitKind.HIT)
            .order_by(hits.c.first_seen_at.desc())
            .limit(limit)
        )
        with self._database.reading() as connection:
            return sorted(connection.execute(query).scalars())

    def first_hit_at(self, topic: str, *, kind: HitKind | None = None) -> datetime | None:
        """When the topic's history begins, or that of its hits of one kind."""
        query = select(func.min(hits.c.first_seen_at)).where(hits.c.topic == topic)
        if kind is not None:
            query = query.where(hits.c.kind == kind)
        with self._database.reading() as connection:
            return connection.execute(query).scalar()
