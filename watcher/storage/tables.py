"""The tables, as SQLAlchemy Core. The only place that knows column types of either database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.types import TypeDecorator


class UtcTime(TypeDecorator[datetime]):
    """An aware time, kept in UTC. Refuses naive values: SQLite would silently drop the offset."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        value = _in_utc(value)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def bind_processor(self, dialect: Dialect) -> Any:
        """For SQLite straight to the text that its DateTime would make, at a sixth of the cost."""
        if dialect.name != "sqlite":
            return super().bind_processor(dialect)

        def to_text(value: datetime | None) -> str | None:
            if value is None:
                return None
            return _in_utc(value).isoformat(" ", "microseconds")[: -len("+00:00")]

        return to_text

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        found: datetime = value
        return found.replace(tzinfo=UTC) if dialect.name == "sqlite" else found.astimezone(UTC)


def _in_utc(value: datetime) -> datetime:
    if value.tzinfo is UTC:
        return value
    if value.utcoffset() is None:
        raise ValueError(f"naive time refused: {value!r}")
    return value.astimezone(UTC)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

feeds = Table(
    "feeds",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("url", Text, nullable=False, unique=True),
    Column("host", Text),  # registered domain of the address that is polled
    Column("name", Text, nullable=False),
    Column("publisher", Text, nullable=False),
    Column("origin", String(16), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("settings", JSON, nullable=False),  # what FeedSpec says beyond the columns here
    Column("state", String(16), nullable=False),
    Column("next_poll_at", UtcTime, nullable=False),
    Column("lease_until", UtcTime),
    Column("first_polled_at", UtcTime),
    Column("last_polled_at", UtcTime),
    Column("last_new_at", UtcTime),
    Column("last_error", String(32)),
    Column("last_error_detail", Text),
    Column("failures", Integer, nullable=False),  # in a row
    Column("title", Text),
    Column("lang", String(16)),
    Column("etag", Text),
    Column("last_modified", Text),
    Column("body_hash", String(32)),
    Column("window", JSON),  # entry key -> raw hash of the last body
    Column("schedule", JSON, nullable=False),  # decide.polls' state
    Index("ix_feeds_due", "next_poll_at", "host"),
)

entries = Table(
    "entries",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("feed_id", ForeignKey("feeds.id", ondelete="CASCADE"), nullable=False),
    Column("entry_key", String(32), nullable=False),
    Column("url", Text),
    Column("host", Text),  # registered domain of the page; null: none is asked
    Column("title", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("lang", String(16)),
    Column("published_at", UtcTime),
    Column("content_hash", String(32), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("backlog", Boolean, nullable=False),  # came with the first sight of its feed
    Column("first_seen_at", UtcTime, nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", String(32)),
    Column("detail", Text),
    Column("attempts", Integer, nullable=False),
    Column("next_try_at", UtcTime),  # null: nothing more to read
    Column("lease_until", UtcTime),
    Column("article_id", ForeignKey("articles.id", ondelete="SET NULL")),
    UniqueConstraint("feed_id", "entry_key", name="uq_entries_feed_key"),
    # Partial: the index holds the work, not the history, so a pass costs the same at any age.
    # (On PostgreSQL too: the migrations' env.py says so. Said here, it would load that dialect's
    # six drivers at every command.)
    # With all that a claim looks at: rows of a host that has its share are passed over in here.
    Index(
        "ix_entries_due",
        "next_try_at",
        "host",
        "lease_until",
        sqlite_where=text("next_try_at IS NOT NULL"),
    ),
    Index("ix_entries_article", "article_id"),
    Index("ix_entries_seen", "first_seen_at"),
)

articles = Table(
    "articles",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("canonical_url", Text, nullable=False, unique=True),
    Column("url", Text, nullable=False),
    Column("feed_id", ForeignKey("feeds.id", ondelete="SET NULL")),
    Column("title", Text, nullable=False),
    Column("page_title", Text, nullable=False),  # as its page said, to notice a new headline
    Column("summary", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("lang", String(16)),
    Column("author", Text, nullable=False),
    Column("publisher", Text, nullable=False),
    Column("published_at", UtcTime),
    Column("first_seen_at", UtcTime, nullable=False),
    Column("fetched_at", UtcTime),
    Column("partial", Boolean, nullable=False),
    Column("reason", String(32)),  # why it is partial
    Column("backlog", Boolean, nullable=False),
    Column("content_hash", String(32), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("next_score_at", UtcTime),  # null: scored
    Column("scored_at", UtcTime),  # this text, whatever became of it; null: never yet
    # By topic what it scored, of what threshold, under which profile; null: not yet, or before
    # this was kept; empty: it could not be scored.
    Column("scores", JSON),
    Column("lease_until", UtcTime),
    Index(
        "ix_articles_due",
        "next_score_at",
        sqlite_where=text("next_score_at IS NOT NULL"),
    ),
    Index("ix_articles_seen", "first_seen_at"),
    Index("ix_articles_publisher", "publisher"),
)

article_urls = Table(
    "article_urls",  # every address under which an article was met: it is read once
    metadata,
    Column("url", Text, primary_key=True),  # canonical form
    Column("article_id", ForeignKey("articles.id", ondelete="CASCADE"), nullable=False),
    Index("ix_article_urls_article", "article_id"),
)

revisions = Table(
    "revisions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("article_id", ForeignKey("articles.id", ondelete="CASCADE"), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("change", JSON, nullable=False),  # what the newer text changed, readable
    Index("ix_revisions_article", "article_id"),
)

stories = Table(
    "stories",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("topic", String(64), nullable=False),
    Column("headline", Text, nullable=False),
    Column("first_seen_at", UtcTime, nullable=False),
    Column("last_seen_at", UtcTime, nullable=False),
    Column("hits", Integer, nullable=False),
    Column("publishers", Integer, nullable=False),
    Column("stage", String(64)),
    Column("stage_evidence", Text),
    Column("known", Text, nullable=False),  # facts told so far, see stories.novelty
    Column("merged_into", Integer),
    Index("ix_stories_topic_seen", "topic", "last_seen_at"),
)

hits = Table(
    "hits",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("topic", String(64), nullable=False),
    Column("article_id", ForeignKey("articles.id", ondelete="CASCADE"), nullable=False),
    Column("story_id", ForeignKey("stories.id", ondelete="SET NULL")),
    Column("kind", String(16), nullable=False),
    Column("score", Float, nullable=False),
    Column("threshold", Float, nullable=False),
    Column("profile_version", String(64), nullable=False),
    Column("explanation", JSON, nullable=False),  # contributions, matched, missing, sentences
    Column("fingerprint", Text),
    Column("copy_of", Integer),  # the earlier hit whose text this is
    Column("novelty", JSON),
    Column("grouping", JSON),  # why it joined or opened the story in which it was first put
    Column("stage", String(64)),
    Column("partial", Boolean, nullable=False),
    Column("revision", Integer, nullable=False, server_default="1"),  # the article's, decided on
    Column("first_seen_at", UtcTime, nullable=False),
    Column("decided_at", UtcTime, nullable=False),
    Column("silent_reason", String(32)),  # null: an alert was made
    Column("verdict", String(16)),
    Column("checks", Integer, nullable=False),  # edit watch: how often looked at again
    Column("next_check_at", UtcTime),
    UniqueConstraint("topic", "article_id", name="uq_hits_topic_article"),
    Index("ix_hits_topic_seen", "topic", "first_seen_at"),
    Index("ix_hits_seen", "first_seen_at"),
    Index("ix_hits_story", "story_id"),
    Index("ix_hits_article", "article_id"),
    # What waits for a verdict, of all that was ever found.
    Index("ix_hits_open", "kind", "first_seen_at", sqlite_where=text("verdict IS NULL")),
    Index(
        "ix_hits_check",
        "next_check_at",
        sqlite_where=text("next_check_at IS NOT NULL"),
    ),
)

story_keys = Table(
    "story_keys",
    metadata,
    Column("hit_id", ForeignKey("hits.id", ondelete="CASCADE"), primary_key=True),
    Column("key", String(40), primary_key=True),
    Column("topic", String(64), nullable=False),
    Column("at", UtcTime, nullable=False),
    Index("ix_story_keys_lookup", "topic", "key", "at"),
)

story_links = Table(
    "story_links",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("hit_a", ForeignKey("hits.id", ondelete="CASCADE"), nullable=False),
    Column("hit_b", ForeignKey("hits.id", ondelete="CASCADE"), nullable=False),
    Column("same", Boolean, nullable=False),  # a person merged (true) or split (false) them
    Column("similarity", Float, nullable=False),
    Column("at", UtcTime, nullable=False),
)

verdicts = Table(
    "verdicts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("hit_id", ForeignKey("hits.id", ondelete="CASCADE"), nullable=False),
    Column("verdict", String(16)),  # null: taken back
    Column("note", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
    Index("ix_verdicts_hit", "hit_id"),
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", Integer, primary_key=True),
    # One alert per event, whatever is repeated: new-hit:<story>, stage:<story>:<stage>, ...
    Column("once", String(160), nullable=False, unique=True),
    Column("topic", String(64)),
    Column("story_id", Integer),
    Column("hit_id", ForeignKey("hits.id", ondelete="SET NULL")),
    Column("reason", String(16), nullable=False),
    Column("detail", Text, nullable=False),
    Column("score", Float, nullable=False),
    Column("publishers", Integer, nullable=False),  # of the story, when this was decided
    Column("created_at", UtcTime, nullable=False),
    Index("ix_alerts_created", "created_at"),
    Index("ix_alerts_story", "story_id"),
    Index("ix_alerts_hit", "hit_id"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("alert_id", ForeignKey("alerts.id", ondelete="CASCADE"), nullable=False),
    Column("receiver", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("next_try_at", UtcTime),  # null: nothing more to do
    Column("held", String(16)),  # what it waits for: group, quiet, schedule, rate
    Column("first_tried_at", UtcTime),
    Column("sent_at", UtcTime),
    Column("last_error", Text),
    Column("lease_until", UtcTime),
    Column("message", String(64)),  # id of the message it travels in, kept over repeats
    Column("ambiguous", Boolean, nullable=False),  # an earlier try may have arrived
    UniqueConstraint("alert_id", "receiver", name="uq_deliveries_alert_receiver"),
    Index(
        "ix_deliveries_due",
        "next_try_at",
        sqlite_where=text("next_try_at IS NOT NULL"),
    ),
    Index("ix_deliveries_sent", "receiver", "sent_at"),
)

silences = Table(
    "silences",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("topic", String(64)),
    Column("story_id", Integer),
    Column("until", UtcTime, nullable=False),
    Column("created_at", UtcTime, nullable=False),
)

causes = Table(
    "causes",  # operator notices: what is wrong since when, and whether it was told
    metadata,
    Column("cause", String(160), primary_key=True),
    Column("detail", Text, nullable=False),
    Column("since", UtcTime, nullable=False),
    Column("told_at", UtcTime),
    Column("cleared_at", UtcTime),  # null: still so
)

profiles = Table(
    "profiles",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("topic", String(64), nullable=False),
    Column("learned", JSON, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("note", Text, nullable=False),
    Index("ix_profiles_topic", "topic"),
)

facts = Table(
    "facts",  # single values: when the last pass ended, which process serves
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", JSON, nullable=False),
    Column("at", UtcTime, nullable=False),
)
