"""Hits, how they are asked for, their scores and their stories."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from watcher.model import (
    ArticleId,
    Contribution,
    HitId,
    HitKind,
    Score,
    SilentReason,
    Span,
    StoryId,
    TopicId,
    Verdict,
)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictRecord:
    """One judgement of a hit; None: taken back."""

    at: datetime
    verdict: Verdict | None
    note: str


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
    verdict: Verdict | None
    alerted: bool


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
