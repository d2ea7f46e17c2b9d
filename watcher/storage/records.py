"""What the store takes and gives: frozen rows, one conversion each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from watcher.decide.sameness import Known, Words
from watcher.model import (
    AlertId,
    AlertReason,
    ArticleId,
    ArticleText,
    Contribution,
    DeliveryId,
    DeliveryState,
    EntryId,
    EntryState,
    Failure,
    FailureReason,
    FeedData,
    FeedId,
    FeedSpec,
    FeedState,
    HitId,
    HitKind,
    Score,
    SilentReason,
    Span,
    StoryId,
    TopicId,
    Verdict,
    appeared,
)

ADDRESS = "address"
"""In a feed's schedule: the address to poll instead of what the user wrote."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRecord:
    """A feed with all its state."""

    id: FeedId
    spec: FeedSpec
    state: FeedState
    next_poll_at: datetime
    first_polled_at: datetime | None
    last_polled_at: datetime | None
    last_new_at: datetime | None
    last_error: str | None
    last_error_detail: str | None
    failures: int
    title: str | None
    lang: str | None
    etag: str | None
    last_modified: str | None
    body_hash: str | None
    schedule: Mapping[str, Any]
    host: str | None = None
    """What its requests are paced by."""

    @property
    def address(self) -> str:
        """Where it is polled: its server may have moved it for good."""
        return self.schedule.get(ADDRESS) or self.spec.url


@dataclass(frozen=True, slots=True, kw_only=True)
class PollOutcome:
    """One poll, about to be written in one transaction with its entries."""

    feed_id: FeedId
    at: datetime
    next_poll_at: datetime
    schedule: Mapping[str, Any]
    failure: Failure | None = None
    data: FeedData | None = None
    """None: nothing new was in the answer (304 or the same body)."""
    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None
    first_sight: bool = False
    address: str | None = None
    """Where it is asked next time; None: where it was."""
    last_new_at: datetime | None = None
    """When its newest entry came, as far as is known; None: as before."""
    missed: bool = False
    """Entries may have come and gone since the poll before."""
    pages: bool = True
    """The pages of its entries are fetched."""


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
class ArticleData:
    """An article about to be stored."""

    canonical_url: str
    urls: tuple[str, ...]
    """Other canonical addresses that led here."""
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
    reason: FailureReason | None
    backlog: bool
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
class ArticleRecord:
    """A stored article, with the topics that its feeds may speak to (empty: all)."""

    id: ArticleId
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


@dataclass(frozen=True, slots=True, kw_only=True)
class HitOutcome:
    """A hit, near miss or sample, about to be written."""

    topic: TopicId
    article_id: ArticleId
    kind: HitKind
    score: Score
    partial: bool
    first_seen_at: datetime
    decided_at: datetime
    revision: int = 1
    """The article's, that was decided on."""
    story_id: StoryId | None = None
    fingerprint: str | None = None
    keys: tuple[str, ...] = ()
    copy_of: HitId | None = None
    novelty: Mapping[str, Any] | None = None
    grouping: Mapping[str, Any] | None = None
    """Why it belongs to its story; None: it was put there before, the stored reason stays."""
    stage: str | None = None
    silent_reason: SilentReason | None = None
    next_check_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryRecord:
    """A story of one topic."""

    id: StoryId
    topic: TopicId
    headline: str
    first_seen_at: datetime
    last_seen_at: datetime
    hits: int
    publishers: int
    stage: str | None
    stage_evidence: str | None
    known: str
    """``stories.novelty.Known`` as JSON; empty for none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One article in the course of a story."""

    at: datetime
    """When it appeared: the publisher's claim, unless that lies after our first sight."""
    hit_id: HitId
    title: str
    publisher: str
    lang: str | None
    score: float
    stage: str | None
    novelty: float | None
    alerted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryOutcome:
    """One pending delivery of an alert about to be written."""

    receiver: str
    next_try_at: datetime
    held: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertOutcome:
    """An alert with its deliveries, about to be written together."""

    once: str
    """Key of the event: a second alert with the same key is not made."""
    reason: AlertReason
    created_at: datetime
    topic: TopicId | None = None
    story_id: StoryId | None = None
    hit_id: HitId | None = None
    detail: str = ""
    score: float = 0.0
    publishers: int = 0
    deliveries: tuple[DeliveryOutcome, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HitRecord:
    """A hit as listed and shown, with its article."""

    id: HitId
    topic: TopicId
    kind: HitKind
    score: float
    threshold: float
    profile_version: str
    contributions: tuple[Contribution, ...]
    matched: tuple[str, ...]
    missing: tuple[str, ...]
    sentences: tuple[str, ...]
    partial: bool
    story_id: StoryId | None
    first_seen_at: datetime
    decided_at: datetime
    silent_reason: SilentReason | None
    verdict: Verdict | None
    stage: str | None
    novelty: Mapping[str, Any] | None
    article_id: ArticleId
    title: str
    url: str
    publisher: str
    lang: str | None
    published_at: datetime | None
    feed: str
    fingerprint: str | None = None
    grouping: Mapping[str, Any] | None = None

    @property
    def reasons(self) -> tuple[str, ...]:
        """What spoke for it, strongest first."""
        return score_of(self).reasons


def score_of(hit: HitRecord) -> Score:
    """The stored score as it was computed."""
    return Score(
        topic=hit.topic,
        value=hit.score,
        threshold=hit.threshold,
        contributions=hit.contributions,
        profile_version=hit.profile_version,
        matched=hit.matched,
        missing=hit.missing,
        sentences=hit.sentences,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRecord:
    """One delivery."""

    id: DeliveryId
    alert_id: AlertId
    receiver: str
    state: DeliveryState
    attempts: int
    created_at: datetime
    next_try_at: datetime | None
    held: str | None
    first_tried_at: datetime | None
    sent_at: datetime | None
    last_error: str | None
    message: str | None
    ambiguous: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRecord:
    """One alert with its deliveries."""

    id: AlertId
    topic: TopicId | None
    story_id: StoryId | None
    hit_id: HitId | None
    reason: AlertReason
    detail: str
    score: float
    created_at: datetime
    deliveries: tuple[DeliveryRecord, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Deliveries of one receiver that travel in one message, leased for sending."""

    message: str
    receiver: str
    deliveries: tuple[DeliveryRecord, ...]
    repeat: bool
    """An earlier try may have arrived."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictRecord:
    """One judgement of a hit; None: taken back."""

    at: datetime
    verdict: Verdict | None
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HitFilter:
    """What ``hits list`` may ask for."""

    topic: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    min_score: float | None = None
    verdict: str | None = None
    lang: str | None = None
    publisher: str | None = None
    story: int | None = None
    unreviewed: bool = False
    near_misses: bool = False
    limit: int = 50
    before_id: int | None = None


def explanation_json(score: Score) -> dict[str, Any]:
    """The stored form of a score's reasons; ``explanation_from`` reads it back."""
    return {
        "contributions": [
            {
                "name": c.name,
                "points": c.points,
                "evidence": c.evidence,
                "spans": [[s.field, s.start, s.end] for s in c.spans],
            }
            for c in score.contributions
        ],
        "matched": list(score.matched),
        "missing": list(score.missing),
        "sentences": list(score.sentences),
    }


def contributions_from(found: Mapping[str, Any]) -> tuple[Contribution, ...]:
    """Read back what ``explanation_json`` wrote."""
    return tuple(
        Contribution(
            name=c["name"],
            points=c["points"],
            evidence=c["evidence"],
            spans=tuple(Span(field=f, start=a, end=b) for f, a, b in c.get("spans", ())),
        )
        for c in found.get("contributions", ())
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """The figures of ``status``."""

    feeds: Mapping[str, int] = field(default_factory=dict)
    feeds_due: int = 0
    entries_due: int = 0
    articles_due: int = 0
    deliveries_due: int = 0
    deliveries_held: int = 0
    """Of quiet hours, a digest, an hourly limit or a group."""
    deliveries_retrying: int = 0
    deliveries_dead: int = 0
    last_poll_at: datetime | None = None
    hits_24h: int = 0
    alerts_24h: int = 0
    unreviewed: int = 0
