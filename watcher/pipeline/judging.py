"""One hit: its story, what is new in it, the stage it tells of, and who hears of it.

Runs in the database thread inside the deciding transaction. It gathers facts and writes outcomes;
every judgement is a call into the pure core.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from watcher.decide.alerting import (
    AlertCandidate,
    HitFacts,
    Routing,
    StoryFacts,
    decide_alert,
    route,
    silent_reason,
)
from watcher.decide.saga import SURE, StageMark, moves
from watcher.model import (
    AlertReason,
    ArticleText,
    HitId,
    SilentReason,
    StoryId,
    TopicId,
    TopicSpec,
)
from watcher.pipeline.context import Wishes
from watcher.storage import (
    AlertOutcome,
    ArticleRecord,
    Deciding,
    DeliveryOutcome,
    EarlierHit,
    HitOutcome,
)
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
from watcher.stories.novelty import Known, Novelty, facts_of, novelty
from watcher.stories.publishers import publisher_family
from watcher.stories.revision import Revision, next_check, revision
from watcher.stories.stages import StageFinding, detect_stage
from watcher.stories.whereabouts import Whereabouts, whereabouts

CANDIDATES = 24
"""Compared at most, those that share most first."""
STATISTICS_OF = 500
"""So many latest stories say what is common to a topic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One hit as it stands before the decision."""

    spec: TopicSpec
    article: ArticleRecord
    text: ArticleText
    outcome: HitOutcome
    earlier: EarlierHit | None
    now: datetime

    @property
    def at(self) -> datetime:
        """When it appeared: the publisher's claim, unless that lies after our first sight."""
        claimed = self.article.published_at
        seen = self.article.first_seen_at
        return min(claimed, seen) if claimed else seen


class Judge:
    """Records hits and what follows from them."""

    def __init__(self) -> None:
        self._seeds: dict[TopicId, tuple[TopicSpec, Known]] = {}
        self._statistics: dict[TopicId, tuple[TopicSpec, TopicStatistics]] = {}
        self._places: dict[TopicId, tuple[TopicSpec, Whereabouts]] = {}

    def record(self, tx: Deciding, wishes: Wishes, case: Case) -> int:
        """Write one hit with its story, novelty and stage; returns how many alerts were made."""
        own = Fingerprint.from_json(case.outcome.fingerprint or "")
        statistics = self._topic_statistics(tx, case.spec)
        grouping = _find_story(tx, case, own, statistics)
        story_id = case.outcome.story_id or grouping.story_id
        statistics.observe(own, new_story=story_id is None)
        if story_id is None:
            story_id = tx.new_story(case.spec.id, case.article.title, at=case.at)
        story = tx.story(story_id)
        known = _known(story.known if story else "")
        found = novelty(case.text, self._seed_facts(case.spec).merged(known))
        reached = None
        if case.spec.stages:
            finding = detect_stage(case.text, case.spec.stages, self._topic_places(case.spec))
            if finding is not None and finding.reached and finding.certainty >= SURE:
                reached = finding
        changed = _mark_stage(tx, case, reached)
        hit_id = tx.save_hit(
            replace(
                case.outcome,
                story_id=story_id,
                keys=tuple(own.keys),
                novelty=_novelty_json(found, reached),
                grouping=None
                if case.outcome.story_id is not None
                else _grouping_json(grouping, story_id),
                stage=reached.stage_id if reached else None,
                silent_reason=None,
                next_check_at=next_check(case.article.first_seen_at, 0, case.now),
            )
        )
        values: dict[str, Any] = {"known": known.absorb(facts_of(case.text)).to_json()}
        if reached is not None and (changed or story is None or story.stage is None):
            values |= {"stage": reached.stage_id, "stage_evidence": reached.evidence}
        tx.update_story(story_id, at=case.at, **values)
        return self._tell(tx, wishes, case, hit_id, story_id, grouping, found, stage_change=changed)

    def _topic_statistics(self, tx: Deciding, spec: TopicSpec) -> TopicStatistics:
        """What is common to the topic's stories, and so says nothing about a single one."""
        kept = self._statistics.get(spec.id)
        if kept is None or kept[0] is not spec:
            seeds = [fingerprint(article) for article in _seed_articles(spec)]
            firsts = map(_readable, tx.first_fingerprints(spec.id, limit=STATISTICS_OF))
            found = TopicStatistics.of([*seeds, *filter(None, firsts)])
            kept = self._statistics[spec.id] = (spec, found)
        return kept[1]

    def _seed_facts(self, spec: TopicSpec) -> Known:
        kept = self._seeds.get(spec.id)
        if kept is None or kept[0] is not spec:
            kept = self._seeds[spec.id] = (spec, Known.of(_seed_articles(spec)))
        return kept[1]

    def _topic_places(self, spec: TopicSpec) -> Whereabouts:
        kept = self._places.get(spec.id)
        if kept is None or kept[0] is not spec:
            kept = self._places[spec.id] = (spec, whereabouts(spec.terms))
        return kept[1]

    def _tell(
        self,
        tx: Deciding,
        wishes: Wishes,
        case: Case,
        hit_id: HitId,
        story_id: StoryId,
        grouping: Grouping,
        found: Novelty,
        *,
        stage_change: bool,
    ) -> int:
        told = tx.told(story_id)
        publishers = len({publisher_family(name) for name in tx.publishers(story_id)})
        change = _revised(tx, case)
        verdict = decide_alert(
            HitFacts(
                score=case.outcome.score.value,
                threshold=case.outcome.score.threshold,
                first_seen_at=case.article.first_seen_at,
                max_age=case.spec.max_age,
                published_at=case.article.published_at,
                first_sight=case.article.backlog,
                alert_backlog=wishes.alert_backlog,
                verdict=case.earlier.verdict if case.earlier else None,
                told=case.earlier.alerted if case.earlier else False,
                revised=change is not None and change.telling,
                story=StoryFacts(
                    told_at=told.at,
                    publishers=publishers,
                    told_publishers=told.publishers,
                    novelty=found.score,
                    stage_change=stage_change,
                    duplicate=grouping.duplicate_of is not None,
                    dismissed=told.dismissed,
                ),
            ),
            now=case.now,
        )
        routings = _routings(tx, wishes, case, story_id, verdict, told.receivers)
        return _save_alert(tx, case, hit_id, story_id, verdict, routings, publishers)


def _seed_articles(spec: TopicSpec) -> list[ArticleText]:
    return [ArticleText(title="", text=seed.text) for seed in spec.seeds if not seed.negative]


def _readable(stored: str) -> Fingerprint | None:
    """None for what another release wrote in another form: such a hit is compared with nothing."""
    try:
        return Fingerprint.from_json(stored)
    except (ValueError, LookupError, TypeError, AttributeError):
        return None


def _known(stored: str) -> Known:
    """What a story has told; nothing where another release wrote it in another form."""
    try:
        return Known.from_json(stored) if stored else Known()
    except (ValueError, LookupError, TypeError, AttributeError):
        return Known()


def _find_story(
    tx: Deciding, case: Case, own: Fingerprint, statistics: TopicStatistics
) -> Grouping:
    """Which stored story this article tells."""
    keys = search_keys(own, statistics)
    found = tx.candidates(case.spec.id, keys, since=case.at - STORY_WINDOW, limit=CANDIDATES)
    members = [
        Member(
            hit_id=member.hit_id,
            story_id=member.story_id,
            fingerprint=stored,
            publisher=member.publisher,
            lang=member.lang,
            published_at=member.published_at,
            first_seen_at=member.first_seen_at,
            title=member.title,
        )
        for member in found
        if case.earlier is None or member.hit_id != case.earlier.id
        if (stored := _readable(member.fingerprint)) is not None
    ]
    corrections = [
        Correction(similarity=similarity, together=together)
        for similarity, together in tx.corrections(case.spec.id)
    ]
    return group(
        own,
        members,
        at=case.at,
        now=max(case.now, case.article.first_seen_at),
        statistics=statistics,
        corrections=corrections,
    )


def _mark_stage(tx: Deciding, case: Case, reached: StageFinding | None) -> bool:
    """Keep the topic's stage where this article moves it; whether that is worth telling.

    The first stage that is ever seen is where the saga stands, not a change.
    """
    if reached is None or case.article.partial:
        return False
    current = tx.changes.stage_mark(case.spec.id)
    moved = moves(
        case.spec.stages,
        current,
        stage=reached.stage_id,
        at=case.at,
    )
    if moved:
        mark = StageMark(stage=reached.stage_id, evidence=reached.evidence, at=case.at)
        tx.changes.set_stage_mark(case.spec.id, mark)
    return moved and current is not None


def _revised(tx: Deciding, case: Case) -> Revision | None:
    """What changed since this hit was decided last, kept beside the older text."""
    if case.earlier is None or case.article.revision == 1:
        return None
    older = tx.changes.latest_revision(case.article.id)
    if older is None:
        return None
    change = revision(
        replace(case.text, title=older.title, text=older.text, summary=older.summary),
        None if older.vanished else case.text,
    )
    if change is not None:
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
    return change if older.undescribed else None


def _grouping_json(grouping: Grouping, story_id: StoryId) -> Mapping[str, Any]:
    return {
        "story": story_id,
        "joined": grouping.story_id is not None,
        "similarity": round(grouping.similarity, 3),
        "threshold": grouping.threshold,
        "duplicate_of": grouping.duplicate_of,
        "evidence": list(grouping.evidence),
        "shared": list(grouping.shared),
    }


def _novelty_json(found: Novelty, reached: StageFinding | None) -> Mapping[str, Any]:
    told = {
        "score": round(found.score, 3),
        "sentences": [sentence for sentence, _facts in found.sentences],
        "facts": [list(facts) for _sentence, facts in found.sentences],
    }
    return told if reached is None else told | {"stage": reached.evidence}


def _routings(
    tx: Deciding,
    wishes: Wishes,
    case: Case,
    story_id: StoryId,
    verdict: AlertReason | SilentReason,
    told: frozenset[str],
) -> tuple[Routing, ...]:
    """Who is told now. A receiver that has not heard of the story yet hears of it as new."""
    if isinstance(verdict, SilentReason) and verdict is not SilentReason.SAME_STORY:
        return ()
    groups = {
        receiver.name: closes
        for receiver in wishes.receivers
        if (closes := tx.open_group(receiver.name, now=case.now)) is not None
    }
    reason = verdict if isinstance(verdict, AlertReason) else AlertReason.NEW_HIT
    candidate = AlertCandidate(
        reason=reason,
        score=case.outcome.score.value,
        topic=case.spec.id,
        lang=case.article.lang,
        feed_tags=case.article.tags,
        stage_change=reason is AlertReason.STAGE_CHANGE,
        story_id=story_id,
        silenced_until=tx.silenced_until(case.spec.id, story_id, now=case.now),
    )
    fresh = [receiver for receiver in wishes.receivers if receiver.name not in told]
    again = [receiver for receiver in wishes.receivers if receiver.name in told]
    # To who hears of the story for the first time it is new, whatever it is to the others.
    as_new = candidate
    if reason is not AlertReason.STAGE_CHANGE:
        as_new = replace(candidate, reason=AlertReason.NEW_HIT)
    found = route(as_new, fresh, now=case.now, open_groups=groups)
    if isinstance(verdict, AlertReason) and verdict is not AlertReason.NEW_HIT:
        found += route(candidate, again, now=case.now, open_groups=groups)
    return found


def _save_alert(
    tx: Deciding,
    case: Case,
    hit_id: HitId,
    story_id: StoryId,
    verdict: AlertReason | SilentReason,
    routings: Sequence[Routing],
    publishers: int,
) -> int:
    """Write the alert and its pending deliveries, or why nobody is told; returns alerts made."""
    deliveries = tuple(
        DeliveryOutcome(
            receiver=routing.receiver,
            next_try_at=routing.due_at,
            held=None if routing.held is None else str(routing.held),
        )
        for routing in routings
        if routing.due_at is not None
    )
    if not deliveries:
        if verdict is not SilentReason.ALREADY_TOLD:
            why = verdict if isinstance(verdict, SilentReason) else silent_reason(routings)
            tx.silent(hit_id, why or SilentReason.NO_RECEIVER)
        return 0
    reason = verdict if isinstance(verdict, AlertReason) else AlertReason.NEW_HIT
    made = tx.save_alert(
        AlertOutcome(
            once=f"{reason}:{case.spec.id}:{hit_id}:{case.article.revision}",
            reason=reason,
            created_at=case.now,
            topic=case.spec.id,
            story_id=story_id,
            hit_id=hit_id,
            score=case.outcome.score.value,
            publishers=publishers,
            deliveries=deliveries,
        )
    )
    return int(made is not None)
