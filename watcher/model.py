"""The vocabulary as frozen data. No I/O, no clock: times are aware UTC and come from outside.

Suffixes: ``...Data`` was stated by the outside world, ``...Failure`` is expected trouble,
``...Outcome`` is about to be written, ``...Row`` is what a listing shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any, NewType

FeedId = NewType("FeedId", int)
EntryId = NewType("EntryId", int)
ArticleId = NewType("ArticleId", int)
HitId = NewType("HitId", int)
StoryId = NewType("StoryId", int)
AlertId = NewType("AlertId", int)
DeliveryId = NewType("DeliveryId", int)
TopicId = NewType("TopicId", str)
EntryKey = NewType("EntryKey", str)
"""Identity of an entry inside its feed: 16 hex digits, see ``urls.entry_key``."""
CanonicalUrl = NewType("CanonicalUrl", str)


def check_aware(instance: Any) -> None:
    """Raise ValueError where a datetime field of the dataclass instance is naive."""
    kind: Any = type(instance)
    for name in _time_fields(kind):
        value = getattr(instance, name)
        if isinstance(value, datetime) and value.utcoffset() is None:
            raise ValueError(f"{type(instance).__name__}.{name} is a naive time: {value!r}")


@cache
def _time_fields(kind: Any) -> tuple[str, ...]:
    # Asking dataclasses anew for every instance was a tenth of the cost of a poll.
    return tuple(spec.name for spec in fields(kind) if "datetime" in str(spec.type))


# ------------------------------------------------------------------ what the user asks for


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedData:
    """One example article of a topic, as read from the seeds folder."""

    name: str
    text: str
    negative: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StageSpec:
    """One rung of a topic's ladder, with the cues that show it was reached."""

    id: str
    name: str
    cues: tuple[str, ...]
    reversal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicSpec:
    """What the user says about a topic; ``relevance.compile_profile`` makes a TopicProfile of it."""

    id: TopicId
    name: str
    seeds: tuple[SeedData, ...] = ()
    terms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Groups of names and phrases in any language; ``*`` ends a word stem; ``!`` a veto group."""
    threshold: float = 50.0
    near_miss: float = 15.0
    """A score this many points under the threshold is still kept as a near miss."""
    max_age: timedelta = timedelta(days=3)
    false_alarm_rate: float = 0.001
    """Chance, on a day like any other, of a notice of unusual volume or silence."""
    stages: tuple[StageSpec, ...] = ()
    learned: Mapping[str, Any] = field(default_factory=dict)
    """What was learned of the topic elsewhere, before this watcher's own verdicts."""


class ReadPolicy(StrEnum):
    """Which entries of a feed have their article page fetched."""

    ALL = "all"
    PLAUSIBLE = "plausible"
    NEVER = "never"


class FeedKind(StrEnum):
    """How the body of a feed is to be understood."""

    FEED = "feed"  # RSS, Atom, RDF or JSON Feed, told apart by content
    SITEMAP = "sitemap"  # news sitemap
    TELEGRAM = "telegram"  # public channel page, https://t.me/s/NAME
    LISTING = "listing"  # plain HTML page with links, by CSS selector


SUMMARY_LIMIT = 5_000
"""Characters of a summary that are kept."""
FEED_FALSE_ALARMS = 0.0001
"""A thousand feeds raise one false notice of silence in ten days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSpec:
    """A feed as the user configured it."""

    url: str
    name: str
    publisher: str
    every: timedelta | None = None
    topics: tuple[TopicId, ...] = ()
    """Empty: all topics."""
    read: ReadPolicy = ReadPolicy.ALL
    kind: FeedKind = FeedKind.FEED
    selector: str | None = None
    tags: tuple[str, ...] = ()
    ignore_robots: bool = False
    false_alarm_rate: float = FEED_FALSE_ALARMS
    """Chance, on a day like any other, of a notice that the feed is silent."""
    origin: str = "config"
    """``config`` (follows the file) or ``cli`` (added with ``feeds add``)."""

    @property
    def reads_pages(self) -> bool:
        """Whether the pages of its entries are ever fetched. A channel's page holds all of them."""
        return self.read != ReadPolicy.NEVER and self.kind != FeedKind.TELEGRAM


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverSpec:
    """A named destination. ``url`` is a secret: only the notify adapter looks at it."""

    name: str
    url: str = field(repr=False)
    topics: tuple[TopicId, ...] = ()
    min_score: float = 0.0
    langs: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    when: str = "now"
    quiet: str | None = None
    timezone: str = "UTC"
    breakthrough: float | None = None
    breakthrough_stage: bool = False
    group_wait: timedelta = timedelta(seconds=60)
    max_per_hour: int = 30
    template: str | None = None


# ------------------------------------------------------------------------------- states


class FeedState(StrEnum):
    OK = "ok"
    FAILING = "failing"
    PAUSED = "paused"
    RETIRED = "retired"  # no longer in the configuration: kept, not polled, not listed


class EntryState(StrEnum):
    NEW = "new"
    READ = "read"
    UNREADABLE = "unreadable"
    SKIPPED = "skipped"
    SCORED = "scored"


class FailureReason(StrEnum):
    """Why a feed could not be polled or a page not be read."""

    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    TIMEOUT = "timeout"
    TOO_LARGE = "too-large"
    BAD_URL = "bad-url"
    FORBIDDEN_ADDRESS = "forbidden-address"
    TOO_MANY_REDIRECTS = "too-many-redirects"
    PROTOCOL = "protocol"
    HTTP_401 = "http-401"
    HTTP_403 = "http-403"
    HTTP_404 = "http-404"
    HTTP_410 = "http-410"
    HTTP_429 = "http-429"
    HTTP_4XX = "http-4xx"
    HTTP_5XX = "http-5xx"
    HELD_BACK = "held-back"  # not asked: its domain had said "too many requests" a while ago
    ROBOTS = "robots"
    NOT_A_FEED = "not-a-feed"
    NOT_A_PAGE = "not-a-page"
    EMPTY = "empty"
    PARSE_LIMIT = "parse-limit"  # a worker went over its time or memory
    PARSE_ERROR = "parse-error"
    NO_TEXT = "no-text"
    CONSENT = "consent"
    PAYWALL = "paywall"
    SOFT_404 = "soft-404"
    BLOCKED = "blocked"  # a page that wants proof of not being a robot
    READ_NEVER = "read-never"
    NOT_PLAUSIBLE = "not-plausible"
    NO_LINK = "no-link"  # or none of its own: to the front page, to a page of several entries


class HitKind(StrEnum):
    HIT = "hit"
    NEAR_MISS = "near-miss"
    SAMPLE = "sample"  # a random reject, kept so that recall can be estimated
    FORMER = "former"  # kept once, and now far under the threshold: it stands only for itself


class Verdict(StrEnum):
    RELEVANT = "relevant"
    RELATED = "related"
    IRRELEVANT = "irrelevant"
    DUPLICATE = "duplicate"


class AlertReason(StrEnum):
    NEW_HIT = "new-hit"
    STORY_GREW = "story-grew"
    STAGE_CHANGE = "stage-change"
    REVISION = "revision"
    SPIKE = "spike"
    OPERATOR = "operator"


class SilentReason(StrEnum):
    """Why a hit told nobody (or not one receiver)."""

    BACKLOG = "backlog"  # first sight of the feed, or scored anew; older than max_age
    SAME_STORY = "same-story"
    NO_RECEIVER = "no-receiver"
    UNDER_MIN_SCORE = "under-min-score"
    OTHER_TOPIC = "other-topic"
    OTHER_LANGUAGE = "other-language"
    OTHER_TAG = "other-tag"
    OTHER_REASON = "other-reason"
    SILENCED = "silenced"
    NOT_A_HIT = "not-a-hit"
    ALREADY_TOLD = "already-told"
    REVIEWED = "reviewed"  # the reviewer said irrelevant or duplicate before


class DeliveryState(StrEnum):
    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"  # cancelled by a person or by its receiver's removal
    DEAD = "dead"

    @property
    def promised(self) -> DeliveryState:
        """One of the four that programs are promised: what is being sent is still pending."""
        return DeliveryState.PENDING if self is DeliveryState.SENDING else self


# -------------------------------------------------------------------- what came from outside


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryData:
    """An item as the feed states it, cleaned: no control characters, links http(s) only."""

    key: EntryKey
    url: str | None
    title: str
    summary: str = ""
    """Plain text of the summary or description, at most 5,000 characters."""
    content: str = ""
    """Plain text of the full content where the feed carries it, at most 200,000 characters."""
    author: str = ""
    lang: str | None = None
    published_at: datetime | None = None
    updated_at: datetime | None = None
    content_hash: str = ""
    """Hash of title, summary and content: a change means that the entry was edited."""

    def __post_init__(self) -> None:
        check_aware(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedData:
    """What a parsed body says about its feed, and the entries that the caller did not know."""

    title: str = ""
    lang: str | None = None
    entries: tuple[EntryData, ...] = ()
    window: Mapping[str, str] = field(default_factory=dict)
    """Entry key -> short hash of the raw item, for the newest 10,000 entries of this body that
    were handed out or known: hand it to the next parse, which then skips what did not change."""
    known: int = 0
    """How many entries of the body were known and cut out."""
    remaining: int = 0
    """How many more are new but did not fit: parse the same body again with the new window."""
    ttl: timedelta | None = None
    skip_hours: tuple[int, ...] = ()
    skip_days: tuple[int, ...] = ()
    """Monday is 0, as in ``datetime.weekday``."""
    notes: tuple[str, ...] = ()
    """What was odd: ``malformed``, ``wrong-charset``, ``entries-dropped:3`` (too big or too
    strange to be read by this parse), ``entries-beyond:500`` (older than the newest 10,000)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageData:
    """Text and metadata read from an article page, cleaned."""

    url: str = ""
    """Where it was found in the end, after redirects."""
    title: str = ""
    text: str = ""
    lang: str | None = None
    author: str = ""
    site: str = ""
    canonical_url: str | None = None
    published_at: datetime | None = None
    partial: bool = False
    reason: FailureReason | None = None
    """Why it is partial: paywall, consent, soft-404, no-text."""
    part: bool = False
    """Only the element that the fragment of its address names: one post of several."""

    def __post_init__(self) -> None:
        check_aware(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFeed:
    """An address on a page that is likely to be a feed."""

    url: str
    title: str = ""
    stated: bool = True
    """The page declares it as a feed; otherwise only a link or a customary path suggests it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Expected trouble, as a value: what went wrong with which address."""

    reason: FailureReason
    detail: str = ""
    """One clean line for people, without secrets."""
    url: str = ""
    status: int | None = None
    retry_after: timedelta | None = None


# ---------------------------------------------------------------------------- article, score


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleText:
    """What is scored and grouped: nothing here needs a database."""

    title: str
    text: str
    summary: str = ""
    lang: str | None = None
    url: str = ""
    publisher: str = ""
    published_at: datetime | None = None
    partial: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Where a piece of evidence stands: character offsets into a field of ArticleText."""

    field: str
    """``title``, ``summary`` or ``text``."""
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """One named reason for a score. Points of all contributions sum to the raw score."""

    name: str
    points: float
    evidence: str = ""
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """0-100 for one article and topic: ``value = 100 / (1 + exp(-sum(points)))``."""

    topic: TopicId
    value: float
    threshold: float
    contributions: tuple[Contribution, ...] = ()
    profile_version: str = ""
    matched: tuple[str, ...] = ()
    """Distinct surface forms that matched, strongest first."""
    missing: tuple[str, ...] = ()
    """Term groups of which nothing was seen."""
    sentences: tuple[str, ...] = ()
    """The best sentences, at most two, for alerts."""

    @property
    def hit(self) -> bool:
        return self.value >= self.threshold

    @property
    def reasons(self) -> tuple[str, ...]:
        """What spoke for it, strongest first, one short line each."""
        strongest = sorted(self.contributions, key=lambda c: -c.points)
        return tuple(
            f"{c.name}: {c.evidence}" if c.evidence else c.name for c in strongest if c.points > 0
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """What a worker found out about one article."""

    scores: tuple[Score, ...] = ()
    """One per topic asked for."""
    fingerprint: str | None = None
    """``stories.Fingerprint.to_json()``; only where a score is at least a near miss."""
    lang: str | None = None
    """The article's language: as given, else detected."""
    failure: Failure | None = None
    """Set if the article could not be scored: it cost too much or broke the scorer."""


def utc(value: datetime) -> datetime:
    """The same instant in UTC; raises ValueError for a naive time."""
    if value.utcoffset() is None:
        raise ValueError(f"naive time: {value!r}")
    return value.astimezone(UTC)


def appeared(published_at: datetime | None, first_seen_at: datetime) -> datetime:
    """When an article appeared: the publisher's claim, unless that lies after our first sight."""
    return min(published_at or first_seen_at, first_seen_at)
