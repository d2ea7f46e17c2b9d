"""One hit: its story, what is new in it, the stage it tells of, and who hears of it.

Runs in the database thread inside the deciding transaction. It gathers facts and writes outcomes;
every judgement is a call into the pure core.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from watcher.decide.alerting import (
    AlertCandidate,
    HitFacts,
    Routing,
    StoryFacts,
    decide_alert,
    reason_for,
    route,
    silent_reason,
    takes_reason,
)
from watcher.decide.saga import SURE, StageMark, is_news, moves
from watcher.model import (
    AlertReason,
    ArticleText,
    HitId,
    HitKind,
    ReceiverSpec,
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
    ToldRecord,
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
from watcher.stories.revision import Revision, checks_due, next_check, revision
from watcher.stories.stages import StageFinding, detect_stage
from watcher.stories.whereabouts import Whereabouts, whereabouts

CANDIDATES = 24
"""Compared at most, those that share most first."""
STATISTICS_OF = 500
"""So many latest stories say what is common to a topic."""
EARLIER_STORIES = 30
"""In so many latest stories of its topic a fact may have been told before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One hit as it stands before the decision."""

    spec: TopicSpec
    article: ArticleRecord
    text: ArticleText
    outcome: HitOutcome
    earlier: EarlierHit | None
    now: datetime
    change: Revision | None = None
    """What its publisher changed since it was decided last."""

    @property
    def told_score(self) -> float | None:
        """The best score with which it was told; None: it was not."""
        return self.earlier.told_score if self.earlier else None

    @property
    def withdrawn(self) -> bool:
        """Whether it is no hit any more."""
        return not self.outcome.score.hit

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
        case = self._with_change(tx, case)
        own = Fingerprint.from_json(case.outcome.fingerprint or "")
        statistics = self._topic_statistics(tx, case.spec)
        grouping = _find_story(tx, case, own, statistics)
        story_id = case.outcome.story_id or grouping.story_id
        statistics.observe(own, new_story=story_id is None)
        if story_id is None:
            story_id = tx.new_story(case.spec.id, case.article.title, at=case.article.first_seen_at)
        story = tx.story(story_id)
        known = _known(story.known if story else "")
        before = self._seed_facts(case.spec).merged(*_told_elsewhere(tx, case, story_id), known)
        found = novelty(case.text, before)
        reached = None
        if case.spec.stages:
            finding = detect_stage(case.text, case.spec.stages, self._topic_places(case.spec))
            if finding is not None and finding.reached and finding.certainty >= SURE:
                reached = finding
        hit_id = tx.save_hit(
            replace(
                case.outcome,
                story_id=story_id,
                keys=tuple(own.keys),
                copy_of=_copied(case, grouping),
                novelty=_novelty_json(case, found, reached),
                grouping=None
                if case.outcome.story_id is not None
                else _grouping_json(grouping, story_id),
                stage=reached.stage_id if reached else None,
                silent_reason=None,
                next_check_at=_next_check(case),
            )
        )
        told = tx.told(story_id)
        facts = _facts(tx, wishes, case, story_id, told, found)
        verdict = decide_alert(facts, now=case.now)
        mark = _mark_stage(tx, case, hit_id, reached, verdict)
        values: dict[str, Any] = {"known": known.absorb(facts_of(case.text)).to_json()}
        moved = mark is not None and mark.hit_id == hit_id
        if reached is not None and (moved or story is None or story.stage is None):
            values |= {"stage": reached.stage_id, "stage_evidence": reached.evidence}
        tx.update_story(story_id, **values)
        return _tell(tx, wishes, case, hit_id, story_id, told, facts, verdict, mark)

    def withdraw(self, tx: Deciding, wishes: Wishes, case: Case) -> int:
        """Keep a hit whose page says nothing of the topic any more, and tell who was told of it.

        Its story, fingerprint and novelty stay what they were: others repeat what it said.
        """
        case = self._with_change(tx, case)
        earlier = case.earlier
        if earlier is None or earlier.story_id is None:
            raise ValueError("only what was a hit can be withdrawn")
        stored = readable(earlier.fingerprint or "")
        hit_id = tx.save_hit(
            replace(
                case.outcome,
                kind=HitKind.HIT,
                fingerprint=earlier.fingerprint,
                keys=tuple(stored.keys) if stored else (),
                novelty=earlier.novelty,
                copy_of=earlier.copy_of,
                silent_reason=None,
            )
        )
        story_id, told = earlier.story_id, tx.told(earlier.story_id)
        names = told.receivers
        known = replace(wishes, receivers=tuple(r for r in wishes.receivers if r.name in names))
        facts = _facts(tx, known, case, story_id, told, Novelty(score=0.0))
        verdict = decide_alert(facts, now=case.now)
        return _tell(tx, known, case, hit_id, story_id, told, facts, verdict, None)

    def _with_change(self, tx: Deciding, case: Case) -> Case:
        return replace(case, change=_revised(tx, case, self._seed_facts(case.spec)))

    def _topic_statistics(self, tx: Deciding, spec: TopicSpec) -> TopicStatistics:
        kept = self._statistics.get(spec.id)
        if kept is None or kept[0] is not spec:
            kept = self._statistics[spec.id] = (spec, topic_statistics(tx, spec))
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


def _facts(
    tx: Deciding,
    wishes: Wishes,
    case: Case,
    story_id: StoryId,
    told: ToldRecord,
    found: Novelty,
) -> HitFacts:
    """What decides whether the hit is told, but for the stage of its topic."""
    return HitFacts(
        score=case.outcome.score.value,
        threshold=case.outcome.score.threshold,
        first_seen_at=case.article.first_seen_at,
        max_age=case.spec.max_age,
        published_at=case.article.published_at,
        first_sight=case.article.backlog,
        rescored=case.article.scored_at is not None,
        alert_backlog=wishes.alert_backlog,
        verdict=case.earlier.verdict if case.earlier else None,
        told=case.told_score is not None,
        revised=case.change is not None and (case.change.telling or case.withdrawn),
        story=StoryFacts(
            told_at=told.at,
            publishers=tx.publishers(story_id),
            told_publishers=told.publishers,
            novelty=found.score,
            dismissed=told.dismissed,
        ),
    )


def topic_statistics(
    tx: Deciding, spec: TopicSpec, *, without: StoryId | None = None
) -> TopicStatistics:
    """What is common to the topic's stories, and so says nothing about a single one."""
    seeds = [fingerprint(article) for article in _seed_articles(spec)]
    stored = tx.first_fingerprints(spec.id, limit=STATISTICS_OF, without=without)
    return TopicStatistics.of([*seeds, *filter(None, map(readable, stored))])


def _seed_articles(spec: TopicSpec) -> list[ArticleText]:
    return [ArticleText(title="", text=seed.text) for seed in spec.seeds if not seed.negative]


def readable(stored: str) -> Fingerprint | None:
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


def _told_elsewhere(tx: Deciding, case: Case, story_id: StoryId) -> list[Known]:
    """What the topic's other stories have told that means the same in this one."""
    stored = tx.told_elsewhere(case.spec.id, story_id, limit=EARLIER_STORIES)
    return [_lasting(known) for known in stored]


@lru_cache(maxsize=4 * EARLIER_STORIES)  # most are read again at the next hit, unchanged
def _lasting(stored: str) -> Known:
    return _known(stored).lasting()


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
        if (stored := readable(member.fingerprint)) is not None
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


def _copied(case: Case, grouping: Grouping) -> HitId | None:
    """Whose text it is. Two copies are not one of each other: the earlier hit is the original."""
    original = grouping.duplicate_of
    if original is not None and case.earlier is not None and original > case.earlier.id:
        return None
    return original


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
    if not moves(case.spec.stages, current, stage=reached.stage_id, at=case.at):
        news = is_news(current, stage=reached.stage_id, at=case.at)
        return current if news and verdict is not SilentReason.BACKLOG else None
    mark = StageMark(
        stage=reached.stage_id,
        evidence=reached.evidence,
        at=case.at,
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
        matched=(*case.outcome.score.matched, *case.earlier.matched),
        known=known,
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
    return change


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


def _next_check(case: Case) -> datetime | None:
    """When its page is looked at again, counted from its first sight; what it was before that day
    (a near miss, a text that nobody could read) is not made up for."""
    seen = case.article.first_seen_at
    return next_check(seen, checks_due(seen, case.now), case.now)


def _changed_text(case: Case) -> str:
    """What a message says of a page that changed; empty where it did not."""
    if case.change is None or case.told_score is None:
        return ""
    lines = []
    if case.withdrawn:
        score = case.outcome.score
        lines.append(f"It is no hit any more: score {score.value:.0f}, was {case.told_score:.0f}")
    if not case.change.diff:
        lines.append("The page is gone.")
    return "\n".join([*lines, *case.change.diff.splitlines()])


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


def _tell(
    tx: Deciding,
    wishes: Wishes,
    case: Case,
    hit_id: HitId,
    story_id: StoryId,
    told: ToldRecord,
    facts: HitFacts,
    verdict: AlertReason | SilentReason,
    mark: StageMark | None,
) -> int:
    """Write an alert for each reason, or why nobody is told; returns how many were made."""
    routings: list[Routing] = []
    made = 0
    for reason, receivers in _by_reason(tx, wishes, case, told, facts, verdict, mark).items():
        found = _route(tx, case, story_id, reason, receivers)
        routings += found
        made += _save_alert(tx, case, hit_id, story_id, reason, found, facts.story.publishers)
    if verdict is SilentReason.ALREADY_TOLD or any(one.due_at is not None for one in routings):
        return made
    why = verdict if isinstance(verdict, SilentReason) else silent_reason(routings)
    tx.silent(hit_id, why or SilentReason.NO_RECEIVER)
    return made


def _by_reason(
    tx: Deciding,
    wishes: Wishes,
    case: Case,
    told: ToldRecord,
    facts: HitFacts,
    verdict: AlertReason | SilentReason,
    mark: StageMark | None,
) -> dict[AlertReason, list[ReceiverSpec]]:
    """Who could be told, by the reason: what is a new stage or a new story differs by receiver."""
    staged = verdict
    unheard: set[str] = set()
    if mark is not None and mark.news:
        heard = tx.changes.heard_of_stage(case.spec.id, mark)
        unheard = {receiver.name for receiver in wishes.receivers} - heard
        changed = replace(facts, story=replace(facts.story, stage_change=True))
        staged = decide_alert(changed, now=case.now)
    found: dict[AlertReason, list[ReceiverSpec]] = {}
    for receiver in wishes.receivers:
        own = verdict
        if receiver.name in unheard and takes_reason(receiver, AlertReason.STAGE_CHANGE):
            own = staged
        reason = reason_for(own, knows_story=receiver.name in told.receivers)
        if reason is not None:
            found.setdefault(reason, []).append(receiver)
    return found


def _route(
    tx: Deciding,
    case: Case,
    story_id: StoryId,
    reason: AlertReason,
    receivers: Sequence[ReceiverSpec],
) -> tuple[Routing, ...]:
    groups = {
        receiver.name: closes
        for receiver in receivers
        if (closes := tx.open_group(receiver.name, now=case.now)) is not None
    }
    candidate = AlertCandidate(
        reason=reason,
        # A correction goes to whom the article was told, however little is left of it.
        score=max(case.outcome.score.value, case.told_score or 0.0),
        topic=case.spec.id,
        lang=case.article.lang,
        feed_tags=case.article.tags,
        stage_change=reason is AlertReason.STAGE_CHANGE,
        story_id=story_id,
        silenced_until=tx.silenced_until(case.spec.id, story_id, now=case.now),
    )
    return route(candidate, receivers, now=case.now, open_groups=groups)


def _save_alert(
    tx: Deciding,
    case: Case,
    hit_id: HitId,
    story_id: StoryId,
    reason: AlertReason,
    routings: Sequence[Routing],
    publishers: int,
) -> int:
    """Write the alert and its pending deliveries, where there is any; returns alerts made."""
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
        return 0
    made = tx.save_alert(
        AlertOutcome(
            once=f"{reason}:{case.spec.id}:{hit_id}:{case.article.revision}",
            reason=reason,
            created_at=case.now,
            topic=case.spec.id,
            story_id=story_id,
            hit_id=hit_id,
            detail=_changed_text(case),
            score=case.outcome.score.value,
            publishers=publishers,
            deliveries=deliveries,
        )
    )
    return int(made is not None)
