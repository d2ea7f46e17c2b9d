"""One hit: its story, what is new in it, the stage it tells of, and who hears of it.

Runs in the database thread inside the deciding transaction. It gathers facts and writes outcomes;
every judgement is a call into the pure core.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any

from watcher.decide.saga import SURE, StageMark, is_news, moves
from watcher.decide.sameness import same_headline
from watcher.model import AlertReason, HitId, HitKind, SilentReason, StoryId, TopicId, TopicSpec
from watcher.pipeline.case import Case
from watcher.pipeline.context import Wishes
from watcher.pipeline.grouping import (
    copy_of,
    find_story,
    grouping_json,
    readable,
    seed_texts,
    topic_statistics,
)
from watcher.pipeline.telling import StoredHit, Telling
from watcher.storage import Deciding
from watcher.stories import Fingerprint, TopicStatistics
from watcher.stories.novelty import Known, Novelty, facts_of, novelty
from watcher.stories.revision import Revision, checks_due, next_check, revision
from watcher.stories.stages import StageFinding, detect_stage
from watcher.stories.whereabouts import Whereabouts, whereabouts

EARLIER_STORIES = 30
"""In so many latest stories of its topic a fact may have been told before."""


class Judge:
    """Records hits and what follows from them."""

    def __init__(self) -> None:
        self._topics: dict[TopicId, _Topic] = {}

    def record(self, tx: Deciding, wishes: Wishes, case: Case) -> int:
        """Write one hit with its story, novelty and stage; returns how many alerts were made."""
        topic = self._topic(case.spec)
        change = _revised(tx, case, topic.seed_facts)
        own = Fingerprint.from_json(case.fingerprint or "")
        statistics = topic.statistics(tx)
        grouping = find_story(tx, case, own, statistics)
        story_id = case.story_id or grouping.story_id
        statistics.observe(own, new_story=story_id is None)
        if story_id is None:
            story_id = tx.new_story(case.spec.id, case.article.title, at=case.article.first_seen_at)
        story = tx.story(story_id)
        known = _known(story.known if story else "")
        before = topic.seed_facts.merged(*_told_elsewhere(tx, case, story_id), known)
        found = novelty(case.text, before)
        reached = topic.stage_of(case)
        hit_id = tx.save_hit(
            replace(
                case.outcome(HitKind.HIT),
                story_id=story_id,
                keys=tuple(own.keys),
                copy_of=copy_of(case, grouping),
                novelty=_novelty_json(case, found, reached),
                grouping=None if case.story_id is not None else grouping_json(grouping, story_id),
                stage=reached.stage_id if reached else None,
                next_check_at=_next_check(case),
            )
        )
        hit = StoredHit(case=case, id=hit_id, story_id=story_id, novelty=found.score, change=change)
        telling = Telling(tx, wishes, hit)
        mark = _mark_stage(tx, case, hit_id, reached, telling.verdict)
        values: dict[str, Any] = {"known": known.absorb(facts_of(case.text)).to_json()}
        moved = mark is not None and mark.hit_id == hit_id
        if reached is not None and (moved or story is None or story.stage is None):
            values |= {"stage": reached.stage_id, "stage_evidence": reached.evidence}
        tx.update_story(story_id, **values)
        return telling.write(mark)

    def withdraw(self, tx: Deciding, wishes: Wishes, case: Case) -> int:
        """Keep a hit whose page says nothing of the topic any more, and tell who was told of it.

        Its story, fingerprint and novelty stay what they were: others repeat what it said.
        """
        earlier = case.earlier
        if earlier is None or earlier.story_id is None:
            raise ValueError("only what was a hit can be withdrawn")
        change = _revised(tx, case, self._topic(case.spec).seed_facts)
        stored = readable(earlier.fingerprint or "")
        hit_id = tx.save_hit(
            replace(
                case.outcome(HitKind.HIT),
                fingerprint=earlier.fingerprint,
                keys=tuple(stored.keys) if stored else (),
                novelty=earlier.novelty,
                copy_of=earlier.copy_of,
            )
        )
        hit = StoredHit(case=case, id=hit_id, story_id=earlier.story_id, change=change)
        return Telling(tx, wishes, hit).write(None)

    def _topic(self, spec: TopicSpec) -> _Topic:
        kept = self._topics.get(spec.id)
        if kept is None or kept.spec is not spec:
            kept = self._topics[spec.id] = _Topic(spec)
        return kept


class _Topic:
    """What is to be known of a topic for each of its hits, made once for as long as it is so
    configured."""

    def __init__(self, spec: TopicSpec) -> None:
        self.spec = spec
        self._statistics: TopicStatistics | None = None

    def statistics(self, tx: Deciding) -> TopicStatistics:
        """Read from the store at first; the judge adds to it what it stores."""
        if self._statistics is None:
            self._statistics = topic_statistics(tx, self.spec)
        return self._statistics

    @cached_property
    def seed_facts(self) -> Known:
        """What the seeds have told: it is no news."""
        return Known.of(seed_texts(self.spec))

    @cached_property
    def _places(self) -> Whereabouts:
        return whereabouts(self.spec.terms)

    def stage_of(self, case: Case) -> StageFinding | None:
        """The stage that an article surely says to be reached."""
        if not self.spec.stages:
            return None
        found = detect_stage(case.text, self.spec.stages, self._places)
        sure = found is not None and found.reached and found.certainty >= SURE
        return found if sure else None


def _known(stored: str) -> Known:
    """What a story has told; nothing where another release wrote it in another form."""
    try:
        return Known.from_json(stored) if stored else Known()
    except (ValueError, LookupError, TypeError, AttributeError):
        return Known()


def _told_elsewhere(tx: Deciding, case: Case, story_id: StoryId) -> list[Known]:
    """What the topic's other stories have told that means the same in this one."""
    stored = tx.told_elsewhere(case.spec.id, story_id, limit=EARLIER_STORIES)
    return [_lasting(known) for known in stored]


@lru_cache(maxsize=4 * EARLIER_STORIES)  # most are read again at the next hit, unchanged
def _lasting(stored: str) -> Known:
    return _known(stored).lasting()


def _mark_stage(
    tx: Deciding,
    case: Case,
    hit_id: HitId,
    reached: StageFinding | None,
    verdict: AlertReason | SilentReason,
) -> StageMark | None:
    """Keep the topic's stage where this article moves it; its mark where the article tells it.

    What a reviewer dismissed moves nothing. The first stage that is ever seen, and one of a feed's
    backlog, is where the saga stands, not a change.
    """
    if reached is None or case.article.partial or verdict is SilentReason.REVIEWED:
        return None
    current = tx.changes.stage_mark(case.spec.id)
    if not moves(case.spec.stages, current, stage=reached.stage_id, at=case.article.appeared_at):
        news = is_news(current, stage=reached.stage_id, at=case.article.appeared_at)
        return current if news and verdict is not SilentReason.BACKLOG else None
    mark = StageMark(
        stage=reached.stage_id,
        evidence=reached.evidence,
        at=case.article.appeared_at,
        hit_id=hit_id,
        moved_at=case.now,
        news=tx.changes.any_stage(case.spec.id) and verdict is not SilentReason.BACKLOG,
    )
    tx.changes.set_stage_mark(case.spec.id, mark)
    return mark


def _revised(tx: Deciding, case: Case, known: Known) -> Revision | None:
    """What changed since this hit was decided last, kept beside the older text."""
    if case.earlier is None or case.article.revision <= case.earlier.revision:
        return None
    older = tx.changes.latest_revision(case.article.id)
    if older is None:
        return None
    change = revision(
        replace(case.text, title=older.title, text=older.text, summary=older.summary),
        None if older.vanished else case.text,
        matched=(*case.score.matched, *case.earlier.matched),
        known=known,
    )
    if change is not None:
        if change.title_changed and older.text == case.text.text and not older.vanished:
            titles = tx.changes.earlier_titles(case.article.id)
            returned = any(same_headline(case.article.title, title) for title in titles)
            change = replace(change, returned=returned)
        tx.changes.describe_revision(
            older.id,
            {
                "diff": change.diff,
                "title_changed": change.title_changed,
                "vanished": change.vanished,
                "gained": list(change.gained),
                "lost": list(change.lost),
            },
        )
    return change


def _next_check(case: Case) -> datetime | None:
    """When its page is looked at again, counted from its first sight; what it was before that day
    (a near miss, a text that nobody could read) is not made up for."""
    seen = case.article.first_seen_at
    return next_check(seen, checks_due(seen, case.now), case.now)


def _novelty_json(case: Case, found: Novelty, reached: StageFinding | None) -> Mapping[str, Any]:
    earlier = case.earlier.novelty if case.earlier else None
    if earlier is not None and not found.sentences:
        # Decided on again, it has nothing that its story has not heard from itself.
        told = {name: value for name, value in earlier.items() if name != "stage"}
        return told if reached is None else told | {"stage": reached.evidence}
    told = {
        "score": round(found.score, 3),
        "sentences": [sentence for sentence, _facts in found.sentences],
        "facts": [list(facts) for _sentence, facts in found.sentences],
    }
    return told if reached is None else told | {"stage": reached.evidence}
