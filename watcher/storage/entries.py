"""Entries on their way to an article: which wait for their page, and what became of reading it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, bindparam, or_, select, update

from watcher.model import ArticleId, EntryId, EntryState
from watcher.storage.claims import NOW, claim_of, fair_claim, give_back
from watcher.storage.database import Database
from watcher.storage.feeds import STATE, feed_from
from watcher.storage.keeping import Keeping, met_at, met_before, vanish
from watcher.storage.records import EntryRecord, FeedRecord, KnownArticle, ReadOutcome
from watcher.storage.tables import entries, feeds
from watcher.urls import article_address

_CLAIM = fair_claim(entries, entries.c.next_try_at, entries.c.next_try_at <= NOW, tuple(entries.c))
_READ = (
    update(entries)
    .where(entries.c.id == bindparam("of_entry"))
    .values(
        state=bindparam("new_state"),
        reason=bindparam("why"),
        detail=bindparam("more"),
        attempts=entries.c.attempts + bindparam("tries"),
        next_try_at=bindparam("next_try"),
        lease_until=None,
        article_id=bindparam("of_article"),
    )
)


class Entries:
    """The entries whose page is to be read. What a poll found is written by ``Feeds``."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._keeping = Keeping(database)

    def claim(
        self, *, now: datetime, limit: int, lease: timedelta, full: Collection[str] = ()
    ) -> list[EntryRecord]:
        """Lease entries whose page is to be read: oldest due first, of each host its share.

        Of ``full`` hosts none: of those enough is in hand.
        """
        values = claim_of(now=now, limit=limit, lease=lease, full=full)
        with self._database.writing() as connection:
            claimed = connection.execute(_CLAIM, values).all()
            wanted = {row.feed_id for row in claimed}
            owners = {
                row.id: feed_from(row)
                for row in connection.execute(select(*STATE).where(feeds.c.id.in_(wanted)))
            }
            addresses = {row.id: article_address(row.url) for row in claimed if row.url}
            known = met_at(connection, set(addresses.values()))
            own = met_before(connection, {row.article_id for row in claimed} - {None})
        return sorted(
            (
                _entry_from(
                    row,
                    owners[row.feed_id],
                    own=own.get(row.article_id),
                    known=known.get(addresses.get(row.id, "")),
                )
                for row in claimed
            ),
            key=lambda e: e.id,
        )

    def release(self, ids: Collection[EntryId]) -> None:
        """Give leases back unfinished."""
        give_back(self._database, entries, ids)

    def known(self, canonical_urls: Collection[str]) -> dict[str, KnownArticle]:
        """Which of these addresses belong to an article that was met before."""
        with self._database.reading() as connection:
            return met_at(connection, canonical_urls)

    def record(self, outcomes: Sequence[ReadOutcome], *, now: datetime) -> None:
        """Write what was read. Each outcome stands alone; all are one transaction."""
        rows = []
        with self._database.writing() as connection:
            for outcome in outcomes:
                article_id = outcome.known_article
                if outcome.vanished and article_id is not None:
                    vanish(connection, article_id, at=now)
                if outcome.article is not None:
                    article_id = self._keeping.keep(connection, outcome.article, article_id)
                rows.append(_read_values(outcome, article_id))
            if rows:
                connection.execute(_READ, rows)

    def at(self, urls: Collection[str], article_id: ArticleId | None) -> list[Row[Any]]:
        """Entries that lead to an address or article, with the feed's name: for ``why-not``."""
        where: ColumnElement[bool] = entries.c.url.in_(list(urls))
        if article_id is not None:
            where = or_(where, entries.c.article_id == article_id)
        query = (
            select(entries, feeds.c.name.label("feed_name"))
            .join(feeds, feeds.c.id == entries.c.feed_id)
            .where(where)
            .limit(20)
        )
        with self._database.reading() as connection:
            return list(connection.execute(query))


def _read_values(outcome: ReadOutcome, article_id: ArticleId | None) -> dict[str, Any]:
    return {
        "of_entry": outcome.entry_id,
        "new_state": outcome.state,
        "why": outcome.reason,
        "more": outcome.detail or None,
        "next_try": outcome.next_try_at,
        "tries": int(outcome.asked),
        "of_article": article_id,
    }


def _entry_from(
    row: Row[Any], feed: FeedRecord, *, own: KnownArticle | None, known: KnownArticle | None
) -> EntryRecord:
    return EntryRecord(
        id=EntryId(row.id),
        feed=feed,
        key=row.entry_key,
        url=row.url,
        title=row.title,
        summary=row.summary,
        content=row.content,
        author=row.author,
        lang=row.lang,
        published_at=row.published_at,
        first_seen_at=row.first_seen_at,
        backlog=row.backlog,
        attempts=row.attempts,
        revision=row.revision,
        own=own,
        known=known,
        # An edited entry begins anew; one that was never read has not been tried either.
        watched=row.state == EntryState.NEW and row.attempts > 0,
        host=row.host,
    )
