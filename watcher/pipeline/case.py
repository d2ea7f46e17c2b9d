"""One article under one topic, as it stands before it is decided on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from watcher.model import ArticleText, HitKind, Score, SilentReason, StoryId, TopicSpec
from watcher.storage import ArticleRecord, EarlierHit, HitOutcome


@dataclass(frozen=True, kw_only=True)
class Case:
    """What an article scored for a topic, and what was decided on it before."""

    spec: TopicSpec
    article: ArticleRecord
    score: Score
    fingerprint: str | None
    """None where the score is too low for it to matter."""
    earlier: EarlierHit | None
    now: datetime

    @cached_property
    def text(self) -> ArticleText:
        """The article as the core reads it."""
        return self.article.as_text()

    @property
    def story_id(self) -> StoryId | None:
        """The story that it was put into before."""
        return self.earlier.story_id if self.earlier else None

    @property
    def told_score(self) -> float | None:
        """The best score with which it was told; None: it was not."""
        return self.earlier.told_score if self.earlier else None

    @property
    def withdrawn(self) -> bool:
        """Whether its publisher changed the page of a hit so that it is none any more.

        Such a hit stays one: it was told, perhaps, and that its publisher took it back is news. Where
        only the topic's profile changed it never should have been one.
        """
        earlier = self.earlier
        if self.score.hit or earlier is None or earlier.story_id is None:
            return False
        if earlier.kind != HitKind.HIT:
            return False
        return self.article.revision > earlier.revision or earlier.score < earlier.threshold

    def outcome(self, kind: HitKind) -> HitOutcome:
        """What is stored of it, before its story is known."""
        return HitOutcome(
            topic=self.spec.id,
            article_id=self.article.id,
            kind=kind,
            score=self.score,
            partial=self.article.partial,
            first_seen_at=self.article.first_seen_at,
            decided_at=self.now,
            revision=self.article.revision,
            story_id=self.story_id,
            fingerprint=self.fingerprint,
            silent_reason=None if kind is HitKind.HIT else SilentReason.NOT_A_HIT,
        )
