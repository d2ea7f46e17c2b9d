"""Entries on their way to an article, and articles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from watcher.decide.sameness import Known, Words
from watcher.model import (
    ArticleId,
    ArticleText,
    EntryId,
    EntryState,
    FailureReason,
    FeedId,
    TopicId,
    appeared,
)
from watcher.storage.records.feeds import FeedRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownArticle:
    """What is to be known of a stored article before its page is fetched once more."""

    id: ArticleId
    met: Known
    canonical_url: str
    url: str

    @property
    def partial(self) -> bool:
        return self.met.partial


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryRecord:
    """An entry whose article is to be read, with what its feed says about reading."""

    id: EntryId
    feed: FeedRecord
    key: str
    url: str | None
    title: str
    summary: str
    content: str
    author: str
    lang: str | None
    published_at: datetime | None
    first_seen_at: datetime
    backlog: bool
    attempts: int
    revision: int
    host: str | None = None
    """What requests for its page are paced by; None: none will be made."""
    own: KnownArticle | None = None
    """The article that the entry led to before."""
    known: KnownArticle | None = None
    """The article that was met at the entry's address, when the entry was claimed."""
    watched: bool = False
    """Its page is to be looked at again without the feed having said anything new."""

    @property
    def name(self) -> str:
        """The address of its article where its link names none, or another article's."""
        return f"entry:{self.feed.id}:{self.key}"

    @property
    def apart(self) -> bool:
        """Its link was found to lead to another article's page."""
        own = self.own
        return own is not None and own.canonical_url == self.name and own.url == self.url

    @property
    def words(self) -> Words:
        """What tells its article from others before its page is read."""
        return Words(
            feed=self.feed.id, seen_at=self.first_seen_at, title=self.title, summary=self.summary
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOutcome:
    """What became of reading one entry: its article (perhaps partial) and when to try again."""

    entry_id: EntryId
    state: EntryState
    reason: FailureReason | None = None
    detail: str = ""
    asked: bool = True
    """False: its server was not even asked, so that this was no try."""
    next_try_at: datetime | None = None
    known_article: ArticleId | None = None
    """The article that the entry is known to lead to; ``article``, if any, is what it says now."""
    vanished: bool = False
    """The page of the known article is gone."""
    article: ArticleData | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleFacts:
    """What an article says, and how it was met."""

    canonical_url: str
    url: str
    feed_id: FeedId | None
    title: str
    summary: str
    text: str
    lang: str | None
    author: str
    publisher: str
    published_at: datetime | None
    first_seen_at: datetime
    fetched_at: datetime | None
    partial: bool
    reason: str | None
    backlog: bool


_FACTS = tuple(one.name for one in fields(ArticleFacts))


def article_facts(said: Any) -> dict[str, Any]:
    """The fields of ``ArticleFacts``, of a record or a row of the articles table."""
    return {name: getattr(said, name) for name in _FACTS}


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleData(ArticleFacts):
    """An article about to be stored."""

    urls: tuple[str, ...]
    """Other canonical addresses that led here."""
    content_hash: str
    page_title: str = ""
    """Headline as the page has it."""
    claims: tuple[str, ...] = ()
    """Those of its addresses that it has only by what its page or a redirect said."""
    edited: bool = False
    """Its entry was edited: the feed's words count even if the page can't be read any more."""

    @property
    def words(self) -> Words:
        """What tells it from other articles."""
        return Words(
            feed=self.feed_id,
            seen_at=self.first_seen_at,
            title=self.title,
            page_title=self.page_title,
            summary=self.summary,
            text="" if self.partial else self.text,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleRecord(ArticleFacts):
    """A stored article, with the topics that its feeds may speak to (empty: all)."""

    id: ArticleId
    revision: int
    scored_at: datetime | None = None
    """When this very text was scored; None: it never was."""
    next_score_at: datetime | None = None
    """When it is due for scoring; None: it was scored."""
    scores: Mapping[TopicId, PastScore] | None = None
    """None where it was not scored yet, or before this was kept; empty: it could not be."""
    topics: tuple[TopicId, ...] = ()
    tags: tuple[str, ...] = ()

    @property
    def appeared_at(self) -> datetime:
        """The publisher's claim, unless that lies after our first sight."""
        return appeared(self.published_at, self.first_seen_at)

    def as_text(self) -> ArticleText:
        """What scoring and grouping look at."""
        return ArticleText(
            title=self.title,
            text=self.text,
            summary=self.summary,
            lang=self.lang,
            url=self.url,
            publisher=self.publisher,
            published_at=self.published_at,
            partial=self.partial,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PastScore:
    """What an article scored for a topic, kept also where nothing came of it."""

    value: float
    threshold: float
    profile_version: str
