"""Hits in a store without a pipeline: for tests of what people look at."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from watcher.model import (
    AlertReason,
    Contribution,
    EntryData,
    EntryKey,
    EntryState,
    FeedData,
    FeedSpec,
    HitId,
    HitKind,
    Score,
    SilentReason,
    Span,
    StoryId,
    TopicId,
)
from watcher.storage import (
    AlertOutcome,
    ArticleData,
    DeliveryOutcome,
    HitOutcome,
    PollOutcome,
    ReadOutcome,
    Store,
)

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LEASE = timedelta(minutes=5)


def keep(
    store: Store,
    name: str,
    *,
    title: str,
    text: str,
    lang: str | None = "en",
    topic: str = "t",
    value: float = 80.0,
    kind: HitKind = HitKind.HIT,
    at: datetime = NOW,
    decided_at: datetime | None = None,
    publisher: str = "a.example",
    partial: bool = False,
    evidence: str = "",
    story: StoryId | None = None,
    stage: str | None = None,
    receivers: tuple[str, ...] = (),
) -> HitId:
    """Store an article under ``https://a.example/NAME`` with its hit, as the pipeline would."""
    article_id = _read(
        store, name, title=title, text=text, lang=lang, at=at, publisher=publisher, partial=partial
    )
    where = text.find(evidence) if evidence else -1
    spans = (Span(field="text", start=where, end=where + len(evidence)),) if where >= 0 else ()
    score = Score(
        topic=TopicId(topic),
        value=value,
        threshold=50,
        contributions=(
            Contribution(name="place", points=3.0, evidence=evidence or "a place", spans=spans),
            Contribution(name="bias", points=-1.5),
        ),
        profile_version="v1",
        matched=(evidence or "a place",),
        missing=("person",),
    )
    with store.decisions.deciding() as tx:
        if story is None and kind is HitKind.HIT:
            earlier = tx.earlier(TopicId(topic), article_id)
            known = earlier.story_id if earlier else None
            story = known or tx.new_story(TopicId(topic), title, at=at)
        hit = tx.save_hit(
            HitOutcome(
                topic=TopicId(topic),
                article_id=article_id,
                kind=kind,
                score=score,
                partial=partial,
                first_seen_at=at,
                decided_at=decided_at or at,
                story_id=story,
                stage=stage,
                silent_reason=None if receivers else SilentReason.NO_RECEIVER,
            )
        )
        if story is not None:
            tx.update_story(story)
        if receivers:
            tx.save_alert(
                AlertOutcome(
                    once=f"new:{hit}",
                    reason=AlertReason.NEW_HIT,
                    created_at=at,
                    topic=TopicId(topic),
                    story_id=story,
                    hit_id=hit,
                    score=value,
                    deliveries=tuple(
                        DeliveryOutcome(receiver=r, next_try_at=at) for r in receivers
                    ),
                )
            )
        tx.scored({article_id: ()}, at=at)
    return hit


def _read(
    store: Store,
    name: str,
    *,
    title: str,
    text: str,
    lang: str | None,
    at: datetime,
    publisher: str,
    partial: bool,
) -> int:
    store.feeds.sync(
        [FeedSpec(url="https://a.example/rss", name="Feed A", publisher="a.example")], now=at
    )
    [feed] = store.feeds.all()
    content_hash = f"{hash((title, text)) & 0xFFFFFFFF:x}"
    entry = EntryData(
        key=EntryKey(name),
        url=f"https://a.example/{name}",
        title=title,
        content_hash=content_hash,
        published_at=at,
    )
    store.feeds.record(
        [
            PollOutcome(
                feed_id=feed.id,
                at=at,
                next_poll_at=at + timedelta(hours=1),
                schedule={},
                data=FeedData(entries=(entry,), window={name: content_hash}),
            )
        ]
    )
    [claimed] = store.entries.claim(now=at, limit=9, lease=LEASE)
    article = ArticleData(
        canonical_url=f"https://a.example/{name}",
        urls=(),
        url=f"https://a.example/{name}",
        feed_id=feed.id,
        title=title,
        summary="",
        text=text,
        lang=lang,
        author="",
        publisher=publisher,
        published_at=at,
        first_seen_at=at,
        fetched_at=at,
        partial=partial,
        reason=None,
        backlog=False,
        content_hash=content_hash,
    )
    store.entries.record(
        [ReadOutcome(entry_id=claimed.id, state=EntryState.READ, article=article)], now=at
    )
    [stored] = store.articles.claim(now=at, limit=9, lease=LEASE)
    return stored.id
