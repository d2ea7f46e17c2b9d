"""What the core says of stories that a person merges or splits: how alike, and what each has told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

from watcher.decide.saga import StageMark, moves
from watcher.model import HitId, StageSpec, StoryId, TopicId, TopicSpec, appeared
from watcher.pipeline.grouping import member_of, readable, topic_statistics
from watcher.storage import Deciding, Judgement, MemberRecord, Telling, ToldHit
from watcher.stories import Fingerprint, Known, TopicStatistics, facts_of, group

EVER = timedelta(days=3650)
ONE = StoryId(0)
"""A group that is looked at is one story, whatever its hits were."""


def judging(
    find: Callable[[TopicId], TopicSpec | None],
) -> Callable[[Deciding, TopicId, StoryId | None], Judgement]:
    """Judges by the topic as it is configured; by its stories alone where it no longer is."""

    def judge(tx: Deciding, topic: TopicId, younger: StoryId | None) -> Judgement:
        spec = find(topic) or TopicSpec(id=topic, name=topic)
        statistics = topic_statistics(tx, spec, without=younger)
        return Judgement(
            nearest=lambda left, right: nearest_pair(left, right, statistics),
            retell=lambda hits: retell(hits, spec.stages),
        )

    return judge


def nearest_pair(
    left: Sequence[MemberRecord], right: Sequence[MemberRecord], statistics: TopicStatistics
) -> tuple[HitId, HitId, float]:
    """The closest pair of two groups of hits, and how alike grouping held the groups to be.

    As it was decided: the first hit of the group that began later, against those of the other group
    that were there by then. Any other figure would teach the threshold what it never said.
    """
    swap = min(one.hit_id for one in left) > min(one.hit_id for one in right)
    earlier, later = (right, left) if swap else (left, right)
    first = min(later, key=lambda one: one.hit_id)
    before = [one for one in earlier if one.hit_id < first.hit_id]
    found = group(
        readable(first.fingerprint) or Fingerprint(),
        [member for one in before if (member := member_of(replace(one, story_id=ONE)))],
        now=first.first_seen_at,
        at=appeared(first.published_at, first.first_seen_at),
        statistics=statistics,
        threshold=0.0,
        window=EVER,
    )
    closest = found.closest or before[0].hit_id
    pair = (first.hit_id, closest) if swap else (closest, first.hit_id)
    return *pair, found.similarity


def retell(hits: Sequence[ToldHit], stages: Sequence[StageSpec]) -> Telling:
    """What a story of these hits has told, as if they had come one by one."""
    known, mark = Known(), None
    for hit in hits:
        known = known.absorb(facts_of(hit.text))
        mark = _further(stages, mark, hit.mark)
    return Telling(known=known.to_json(), mark=mark)


def _further(
    stages: Sequence[StageSpec], current: StageMark | None, told: StageMark | None
) -> StageMark | None:
    if told is None or not moves(stages, current, stage=told.stage, at=told.at):
        return current
    return told
