"""Whether what an article says moves a topic's saga to another stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from watcher.model import HitId, StageSpec, StoryId, check_aware

SURE = 0.6
"""Below this certainty an article asserts no stage."""
SAGA_REST = timedelta(days=120)
"""After so long without a word on any stage the saga begins anew."""
STAGE_NEWS = timedelta(days=5)
"""So far from the article that first told of it a stage is still news to who has not heard of it;
as long as a story grows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageMark:
    """The stage that a topic has reached, and which article said so when."""

    stage: str
    evidence: str
    at: datetime
    hit_id: HitId | None = None
    """The hit that moved the topic there: without it the topic was where it had been."""
    moved_at: datetime | None = None
    """When that was decided; whoever heard of the stage since then knows."""
    news: bool = False
    """It was a change, and not merely where the topic stood when it was first looked at."""

    def __post_init__(self) -> None:
        check_aware(self)


def moves(
    stages: Sequence[StageSpec],
    current: StageMark | None,
    *,
    stage: str,
    at: datetime,
) -> bool:
    """Whether a stage that an article of ``at`` asserts is a new one for the topic.

    Upward on the ladder, or a reversal. Lower rungs are background by then, older articles tell
    of the past, and after a reversal any deed at all is news.
    """
    rank = {spec.id: place for place, spec in enumerate(stages)}
    reversals = {spec.id for spec in stages if spec.reversal}
    if stage not in rank:
        return False
    if current is None or current.stage not in rank or at - current.at > SAGA_REST:
        return True
    if stage == current.stage or at < current.at:
        return False
    if stage in reversals or current.stage in reversals:
        return True
    return rank[stage] > rank[current.stage]


def is_news(mark: StageMark | None, *, stage: str, at: datetime) -> bool:
    """Whether an article of ``at`` that asserts a stage tells the topic's latest change.

    Not only the first article does: it may have been in a language that a receiver does not take,
    or too weak for it, and the next one is then what tells that receiver.
    """
    if mark is None or not mark.news or stage != mark.stage:
        return False
    return abs(at - mark.at) <= STAGE_NEWS


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A rung that a story reached, and which of its hits said so first."""

    story_id: StoryId
    mark: StageMark
    headline: str


def course(
    stages: Sequence[StageSpec], told: Sequence[Step], *, since: datetime | None = None
) -> tuple[Step, ...]:
    """The steps worth drawing, oldest first: of each story the first rung and where it went on.

    ``told`` is what every hit asserted, of all time whatever ``since`` leaves of the steps: a hit
    on a rung that its story has left behind only recalls it.
    """
    reached: dict[StoryId, StageMark] = {}
    steps = []
    for step in sorted(told, key=lambda step: step.mark.at):
        mark = step.mark
        before = reached.get(step.story_id)
        if moves(stages, before, stage=mark.stage, at=mark.at):
            reached[step.story_id] = mark
            steps.append(step)
    return tuple(step for step in steps if since is None or step.mark.at >= since)
