"""What was read becomes an article: which stored one it is, and what stays of what that said before."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, Row, bindparam, exists, select, update

from watcher.decide.sameness import Known, Words, covers, same_headline, same_page
from watcher.model import SUMMARY_LIMIT, ArticleId, FailureReason
from watcher.storage.database import Database
from watcher.storage.records import ArticleData, KnownArticle, article_facts
from watcher.storage.tables import article_urls, articles, entries, revisions
from watcher.urls import article_address

# Made once: to make a statement that runs for every page costs more than to run it.
_AT_ADDRESS = (
    select(articles)
    .join(article_urls, article_urls.c.article_id == articles.c.id)
    .where(article_urls.c.url.in_(bindparam("addresses", expanding=True)))
    .order_by(articles.c.id)
    .limit(1)
)


class Keeping:
    """Writes articles inside a transaction of who read them. An article is one page, however many
    feeds lead to it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(
        self, connection: Connection, data: ArticleData, known: ArticleId | None = None
    ) -> ArticleId:
        """Store an article, or what is new of it; ``known`` is which one it is, where that is known."""
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


def met_at(connection: Connection, canonical_urls: Collection[str]) -> dict[str, KnownArticle]:
    """The articles that were met before at any of these addresses, by address."""
    if not canonical_urls:
        return {}
    query: Any = (
        select(article_urls.c.url.label("met_at"), *_KNOWN)
        .join(articles, articles.c.id == article_urls.c.article_id)
        .where(article_urls.c.url.in_(list(canonical_urls)))
    )
    return {row.met_at: _known_from(row, row.met_at) for row in connection.execute(query)}


def met_before(connection: Connection, ids: Collection[int]) -> dict[int, KnownArticle]:
    """These articles, as an entry needs them that led there before."""
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
        _keep_text(connection, stored, at=data.fetched_at or data.first_seen_at)
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


def vanish(connection: Connection, article_id: ArticleId, *, at: datetime) -> None:
    """The page is gone. Once per disappearance: the text stays, and the article is decided on again."""
    stored = connection.execute(select(articles).where(articles.c.id == article_id)).one()
    last = connection.execute(
        select(revisions.c.change)
        .where(revisions.c.article_id == article_id)
        .order_by(revisions.c.id.desc())
        .limit(1)
    ).scalar()
    if last and last.get("vanished"):
        return
    _keep_text(connection, stored, at=at, vanished=True)
    connection.execute(
        update(articles)
        .where(articles.c.id == article_id)
        .values(revision=articles.c.revision + 1, next_score_at=at)
    )


def _keep_text(
    connection: Connection, stored: Row[Any], *, at: datetime, vanished: bool = False
) -> None:
    """What an article said until now."""
    connection.execute(
        revisions.insert().values(
            article_id=stored.id,
            at=at,
            title=stored.title,
            text=stored.text,
            summary=stored.summary,
            change={"vanished": True} if vanished else {},
        )
    )


def _article_values(data: ArticleData) -> dict[str, Any]:
    return article_facts(data) | {
        "page_title": data.page_title,
        "content_hash": data.content_hash,
        "revision": 1,
        "next_score_at": data.fetched_at or data.first_seen_at,
        "scored_at": None,
        "lease_until": None,
    }
