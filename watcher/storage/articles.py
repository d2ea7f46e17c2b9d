"""From entries to articles: what is to be read, what was read, what is to be scored."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    bindparam,
    exists,
    func,
    or_,
    select,
    update,
)

from watcher.decide.sameness import Known, Words, covers, same_headline, same_page
from watcher.model import ArticleId, EntryId, EntryState, FailureReason, HitKind, Score, TopicId
from watcher.storage.claims import NOW, claim_of, fair_claim, free
from watcher.storage.database import Database
from watcher.storage.feeds import STATE, feed_from
from watcher.storage.records import (
    ArticleData,
    ArticleRecord,
    EntryRecord,
    FeedRecord,
    KnownArticle,
    PastScore,
    ReadOutcome,
)
from watcher.storage.tables import article_urls, articles, entries, feeds, hits, revisions
from watcher.urls import article_address, canonical

SUMMARY_LIMIT = 5_000

_LOOKED_AT = 20  # articles for each that is wanted
# Statements that run for every page are made once: to make one costs more than to run it.
_AT_ADDRESS = (
    select(articles)
    .join(article_urls, article_urls.c.article_id == articles.c.id)
    .where(article_urls.c.url.in_(bindparam("addresses", expanding=True)))
    .order_by(articles.c.id)
    .limit(1)
)
_CLAIM_ENTRIES = fair_claim(
    entries, entries.c.next_try_at, entries.c.next_try_at <= NOW, tuple(entries.c)
)
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
    """Entries and articles. An article is one page, however many feeds lead to it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim_entries(
        self, *, now: datetime, limit: int, lease: timedelta, full: Collection[str] = ()
    ) -> list[EntryRecord]:
        """Lease entries whose page is to be read: oldest due first, of each host its share.

        Of ``full`` hosts none: of those enough is in hand.
        """
        values = claim_of(now=now, limit=limit, lease=lease, full=full)
        with self._database.writing() as connection:
            claimed = connection.execute(_CLAIM_ENTRIES, values).all()
            wanted = {row.feed_id for row in claimed}
            owners = {
                row.id: feed_from(row)
                for row in connection.execute(select(*STATE).where(feeds.c.id.in_(wanted)))
            }
            addresses = {row.id: article_address(row.url) for row in claimed if row.url}
            known = _known(connection, set(addresses.values()))
            own = _known_by_id(connection, {row.article_id for row in claimed} - {None})
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

    def release_entries(self, ids: Collection[EntryId]) -> None:
        """Give leases back unfinished."""
        with self._database.writing() as connection:
            connection.execute(
                update(entries).where(entries.c.id.in_(list(ids))).values(lease_until=None)
            )

    def known(self, canonical_urls: Collection[str]) -> dict[str, KnownArticle]:
        """Which of these addresses belong to an article that was met before."""
        with self._database.reading() as connection:
            return _known(connection, canonical_urls)

    def record_reads(self, outcomes: Sequence[ReadOutcome], *, now: datetime) -> None:
        """Write what was read. Each outcome stands alone; all are one transaction."""
        rows = []
        with self._database.writing() as connection:
            for outcome in outcomes:
                article_id = outcome.known_article
                if outcome.vanished and article_id is not None:
                    _record_vanished(connection, article_id, at=now)
                if outcome.article is not None:
                    article_id = self._write_article(connection, outcome.article, article_id)
                rows.append(_read_values(outcome, article_id))
            if rows:
                connection.execute(_READ, rows)

    def keep(self, found: Sequence[ArticleData]) -> list[ArticleId]:
        """Store articles that no entry led to; their ids, in order."""
        with self._database.writing() as connection:
            return [self._write_article(connection, data, None) for data in found]

    def _write_article(
        self, connection: Connection, data: ArticleData, known: ArticleId | None
    ) -> ArticleId:
        addresses = {data.canonical_url, *data.urls}
        found = _by_id(connection, known) or _at_address(connection, addresses - set(data.claims))
        if found is None and (other := _at_address(connection, data.claims)) is not None:
            if _is_page_of(data, other):
                found = other
            else:  # its own word alone doesn't make it another one's page
                addresses -= set(data.claims)
                data = replace(data, canonical_url=data.urls[0])
        if found is None:
            # A second service may insert the same page at the same moment: take its row.
            article_id = connection.execute(
                self._insert_article, _article_values(data)
            ).scalar_one()
        else:
            article_id = found.id
            # Read through two links at the same time, one of the two is enough.
            if found.id == known or found.partial or not _is_page_of(data, found):
                _revise(connection, found, data)
        links = [{"url": url, "article_id": article_id} for url in addresses]
        connection.execute(self._insert_address, links)
        return ArticleId(article_id)

    @cached_property
    def _insert_article(self) -> Any:
        new = self._database.insert(articles)
        again = new.on_conflict_do_update(
            index_elements=["canonical_url"], set_={"url": new.excluded.url}
        )
        return again.returning(articles.c.id)

    @cached_property
    def _insert_address(self) -> Any:
        return self._database.insert(article_urls).on_conflict_do_nothing()

    def claim_to_score(self, *, now: datetime, limit: int, lease: timedelta) -> list[ArticleRecord]:
        """Lease articles that are to be scored."""
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
            speaks = _feeds_of(connection, [row.id for row in claimed])
        return sorted(
            (article_from(row, speaks.get(row.id, ())) for row in claimed), key=lambda a: a.id
        )

    def release_articles(self, ids: Collection[ArticleId]) -> None:
        """Give leases back unfinished."""
        with self._database.writing() as connection:
            connection.execute(
                update(articles).where(articles.c.id.in_(list(ids))).values(lease_until=None)
            )

    def rescore(self, ids: Sequence[ArticleId], *, now: datetime) -> None:
        """Make these articles due for scoring again."""
        with self._database.writing() as connection:
            for start in range(0, len(ids), 500):
                some = list(ids[start : start + 500])
                connection.execute(
                    update(articles).where(articles.c.id.in_(some)).values(next_score_at=now)
                )

    def by_ids(self, ids: Collection[ArticleId]) -> list[ArticleRecord]:
        """Articles by id."""
        with self._database.reading() as connection:
            rows = connection.execute(select(articles).where(articles.c.id.in_(list(ids)))).all()
            speaks = _feeds_of(connection, [row.id for row in rows])
        return [article_from(row, speaks.get(row.id, ())) for row in rows]

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

    def entries_at(self, urls: Collection[str], article_id: ArticleId | None) -> list[Row[Any]]:
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
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
            speaks = _feeds_of(connection, [row.id for row in rows])
        return [article_from(row, speaks.get(row.id, ())) for row in rows]

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


def _by_id(connection: Connection, article_id: ArticleId | None) -> Row[Any] | None:
    if article_id is None:
        return None
    return connection.execute(select(articles).where(articles.c.id == article_id)).first()


def _is_page_of(data: ArticleData, stored: Row[Any]) -> bool:
    return same_page(data.words, _words_of(stored, stored.text))


def _at_address(connection: Connection, addresses: Collection[str]) -> Row[Any] | None:
    """The oldest article at any of these addresses."""
    if not addresses:
        return None
    return connection.execute(_AT_ADDRESS, {"addresses": list(addresses)}).first()


_PENDING = entries.alias()
_KNOWN = (
    articles.c.id,
    articles.c.canonical_url,
    articles.c.url,
    articles.c.feed_id,
    articles.c.title,
    articles.c.page_title,
    articles.c.summary,
    articles.c.first_seen_at,
    articles.c.partial,
    articles.c.reason,
    exists()
    .where(_PENDING.c.article_id == articles.c.id, _PENDING.c.next_try_at.is_not(None))
    .label("being_tried"),
)


def _known(connection: Connection, canonical_urls: Collection[str]) -> dict[str, KnownArticle]:
    if not canonical_urls:
        return {}
    query: Any = (
        select(article_urls.c.url.label("met_at"), *_KNOWN)
        .join(articles, articles.c.id == article_urls.c.article_id)
        .where(article_urls.c.url.in_(list(canonical_urls)))
    )
    return {row.met_at: _known_from(row, row.met_at) for row in connection.execute(query)}


def _known_by_id(connection: Connection, ids: Collection[int]) -> dict[int, KnownArticle]:
    if not ids:
        return {}
    query: Any = select(*_KNOWN).where(articles.c.id.in_(list(ids)))
    return {row.id: _known_from(row) for row in connection.execute(query)}


def _known_from(row: Row[Any], met_at: str | None = None) -> KnownArticle:
    return KnownArticle(
        id=ArticleId(row.id),
        canonical_url=row.canonical_url,
        url=row.url,
        met=Known(
            words=_words_of(row),
            partial=row.partial,
            reason=FailureReason(row.reason) if row.reason else None,
            being_tried=bool(row.being_tried),
            claimed=met_at is not None and met_at != article_address(row.url),
        ),
    )


def _words_of(row: Row[Any], text: str = "") -> Words:
    return Words(
        feed=row.feed_id,
        seen_at=row.first_seen_at,
        title=row.title,
        page_title=row.page_title,
        summary=row.summary,
        text="" if row.partial else text,
    )


def _revise(connection: Connection, stored: Row[Any], data: ArticleData) -> None:
    """Put what is said now in place of what is stored, keeping the old where it was a whole text."""
    if stored.content_hash == data.content_hash:
        return
    values = _article_values(data)
    if data.partial and not stored.partial:
        if not data.edited:
            return
        said = f"{data.title} {data.summary} {data.text}"
        if covers(f"{stored.title} {stored.summary} {stored.text}", said):
            values = _reworded(stored, data)
    elif data.partial and not data.edited:
        values |= _both(stored, data)
        if all(values[name] == getattr(stored, name) for name in ("title", "summary", "text")):
            return
    if not stored.partial:
        connection.execute(
            revisions.insert().values(
                article_id=stored.id,
                at=data.fetched_at or data.first_seen_at,
                title=stored.title,
                text=stored.text,
                summary=stored.summary,
                change={},
            )
        )
    if not data.partial and stored.page_title and data.page_title not in ("", stored.page_title):
        values["title"] = data.page_title
    for kept in ("canonical_url", "first_seen_at", "feed_id", "backlog", "revision"):
        values.pop(kept, None)
    connection.execute(
        update(articles)
        .where(articles.c.id == stored.id)
        .values(**values, revision=articles.c.revision + (0 if stored.partial else 1))
    )


def _reworded(stored: Row[Any], data: ArticleData) -> dict[str, Any]:
    """The feed's newer words over the text of a page that can't be read now; its text stays,
    unless the feed has a full text of its own."""
    whole = 2 * len(data.text) > len(stored.text)
    return {
        "title": data.title,
        "summary": data.summary or ("" if whole else data.text[:SUMMARY_LIMIT]),
        "text": data.text if whole else stored.text,
        "content_hash": data.content_hash,
        "next_score_at": data.first_seen_at,
    }


def _both(stored: Row[Any], data: ArticleData) -> dict[str, Any]:
    """What two feeds say of a page that neither could read: the words of both count."""

    def joined(ours: str, theirs: str) -> str:
        return ours if theirs in ours else f"{ours}\n\n{theirs}".strip()

    title = "" if same_headline(data.title, stored.title) else data.title
    return {
        "title": stored.title or data.title,
        "summary": joined(joined(stored.summary, title), data.summary),
        "text": joined(stored.text, data.text),
    }


def _record_vanished(connection: Connection, article_id: ArticleId, *, at: datetime) -> None:
    """Once per disappearance: the text stays, and the article is decided on again."""
    stored = connection.execute(select(articles).where(articles.c.id == article_id)).one()
    last = connection.execute(
        select(revisions.c.change)
        .where(revisions.c.article_id == article_id)
        .order_by(revisions.c.id.desc())
        .limit(1)
    ).scalar()
    if last and last.get("vanished"):
        return
    connection.execute(
        revisions.insert().values(
            article_id=article_id,
            at=at,
            title=stored.title,
            text=stored.text,
            summary=stored.summary,
            change={"vanished": True},
        )
    )
    connection.execute(
        update(articles)
        .where(articles.c.id == article_id)
        .values(revision=articles.c.revision + 1, next_score_at=at)
    )


def _article_values(data: ArticleData) -> dict[str, Any]:
    return {
        "canonical_url": data.canonical_url,
        "url": data.url,
        "feed_id": data.feed_id,
        "title": data.title,
        "page_title": data.page_title,
        "summary": data.summary,
        "text": data.text,
        "lang": data.lang,
        "author": data.author,
        "publisher": data.publisher,
        "published_at": data.published_at,
        "first_seen_at": data.first_seen_at,
        "fetched_at": data.fetched_at,
        "partial": data.partial,
        "reason": data.reason,
        "backlog": data.backlog,
        "content_hash": data.content_hash,
        "revision": 1,
        "next_score_at": data.fetched_at or data.first_seen_at,
        "scored_at": None,
        "lease_until": None,
    }


def _feeds_of(connection: Connection, ids: Collection[int]) -> dict[int, list[Any]]:
    """Settings of all feeds that lead to each article."""
    if not ids:
        return {}
    query = (
        select(entries.c.article_id, feeds.c.settings)
        .join(feeds, feeds.c.id == entries.c.feed_id)
        .where(entries.c.article_id.in_(list(ids)))
    )
    found: dict[int, list[Any]] = {}
    for article_id, settings in connection.execute(query):
        found.setdefault(article_id, []).append(settings)
    return found


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


def article_from(row: Row[Any], speaks: Sequence[Any] = ()) -> ArticleRecord:
    """Read a row of the articles table; ``speaks`` are the settings of its feeds."""
    restricted = speaks and all(settings.get("topics") for settings in speaks)
    topics = {topic for settings in speaks for topic in settings["topics"]} if restricted else set()
    return ArticleRecord(
        id=ArticleId(row.id),
        canonical_url=row.canonical_url,
        url=row.url,
        feed_id=row.feed_id,
        title=row.title,
        summary=row.summary,
        text=row.text,
        lang=row.lang,
        author=row.author,
        publisher=row.publisher,
        published_at=row.published_at,
        first_seen_at=row.first_seen_at,
        fetched_at=row.fetched_at,
        partial=row.partial,
        reason=row.reason,
        backlog=row.backlog,
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
