"""Which story an article tells: what the core compares, fetched from the store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from watcher.model import ArticleText, HitId, StoryId, TopicSpec
from watcher.pipeline.case import Case
from watcher.storage import Deciding, MemberRecord
from watcher.stories import (
    STORY_WINDOW,
    Correction,
    Fingerprint,
    Grouping,
    Member,
    TopicStatistics,
    fingerprint,
    group,
    search_keys,
)

CANDIDATES = 24
"""Compared at most, those that share most first."""
STATISTICS_OF = 500
"""So many latest stories say what is common to a topic."""


def find_story(tx: Deciding, case: Case, own: Fingerprint, statistics: TopicStatistics) -> Grouping:
    """Which stored story this article tells; ``own`` is its fingerprint."""
    keys, at = search_keys(own, statistics), case.article.appeared_at
    found = tx.candidates(case.spec.id, keys, since=at - STORY_WINDOW, limit=CANDIDATES)
    members = [
        member
        for record in found
        if case.earlier is None or record.hit_id != case.earlier.id
        if (member := member_of(record)) is not None
    ]
    corrections = [
        Correction(similarity=similarity, together=together)
        for similarity, together in tx.corrections(case.spec.id)
    ]
    return group(
        own,
        members,
        at=at,
        now=max(case.now, case.article.first_seen_at),
        statistics=statistics,
        corrections=corrections,
    )


def member_of(record: MemberRecord) -> Member | None:
    """A stored hit as the core compares it; None where it can be compared with nothing."""
    stored = readable(record.fingerprint)
    if stored is None:
        return None
    return Member(
        hit_id=record.hit_id,
        story_id=record.story_id,
        fingerprint=stored,
        publisher=record.publisher,
        lang=record.lang,
        title=record.title,
        published_at=record.published_at,
        first_seen_at=record.first_seen_at,
    )


def readable(stored: str) -> Fingerprint | None:
    """None for what another release wrote in another form: such a hit is compared with nothing."""
    try:
        return Fingerprint.from_json(stored)
    except (ValueError, LookupError, TypeError, AttributeError):
        return None


def topic_statistics(
    tx: Deciding, spec: TopicSpec, *, without: StoryId | None = None
) -> TopicStatistics:
    """What is common to the topic's stories, and so says nothing about a single one."""
    seeds = [fingerprint(article) for article in seed_texts(spec)]
    stored = tx.first_fingerprints(spec.id, limit=STATISTICS_OF, without=without)
    return TopicStatistics.of([*seeds, *filter(None, map(readable, stored))])


def seed_texts(spec: TopicSpec) -> list[ArticleText]:
    """The topic's seeds that are on it."""
    return [ArticleText(title="", text=seed.text) for seed in spec.seeds if not seed.negative]


def copy_of(case: Case, grouping: Grouping) -> HitId | None:
    """Whose text it is. Two copies are not one of each other: the earlier hit is the original."""
    original = grouping.duplicate_of
    if original is not None and case.earlier is not None and original > case.earlier.id:
        return None
    return original


def grouping_json(grouping: Grouping, story_id: StoryId) -> Mapping[str, Any]:
    """The comparison that put a hit into its story, as ``why`` reads it."""
    return {
        "story": story_id,
        "joined": grouping.story_id is not None,
        "similarity": round(grouping.similarity, 3),
        "threshold": grouping.threshold,
        "duplicate_of": grouping.duplicate_of,
        "evidence": list(grouping.evidence),
        "shared": list(grouping.shared),
    }
