"""Who hears of a hit, and by which reason: its alerts and their pending deliveries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

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
from watcher.decide.saga import StageMark
from watcher.model import AlertReason, HitId, ReceiverSpec, SilentReason, StoryId
from watcher.pipeline.case import Case
from watcher.pipeline.context import Wishes
from watcher.storage import AlertOutcome, Deciding, DeliveryOutcome

if TYPE_CHECKING:
    from watcher.stories.revision import Revision


def pending(routings: Sequence[Routing]) -> tuple[DeliveryOutcome, ...]:
    """The deliveries that an alert begins with: one to each receiver that is to hear of it."""
    return tuple(
        DeliveryOutcome(
            receiver=routing.receiver,
            next_try_at=routing.due_at,
            held=None if routing.held is None else str(routing.held),
        )
        for routing in routings
        if routing.due_at is not None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredHit:
    """A hit that was just written, with what is new about it."""

    case: Case
    id: HitId
    story_id: StoryId
    novelty: float = 0.0
    """Share of it that its story had not told, 0-1."""
    change: Revision | None = None
    """What its publisher changed since it was decided last."""


class Telling:
    """Decides whether one hit is told, and writes what follows."""

    def __init__(self, tx: Deciding, wishes: Wishes, hit: StoredHit) -> None:
        self._tx, self._hit, self._case = tx, hit, hit.case
        self._told = tx.told(hit.story_id, hit.id)
        self._receivers: Sequence[ReceiverSpec] = wishes.receivers
        if self._case.withdrawn:  # is the matter of who was told
            self._receivers = [r for r in wishes.receivers if r.name in self._told.receivers]
        self._facts = self._gather(wishes)
        self.verdict: AlertReason | SilentReason = decide_alert(self._facts, now=self._case.now)
        """Why it is told, or why not, leaving a new stage of its topic out of account."""

    def write(self, mark: StageMark | None) -> int:
        """Write an alert for each reason, or why nobody is told; returns how many were made.

        ``mark`` is the topic's stage, where the hit tells of it.
        """
        routings: list[Routing] = []
        made = 0
        for reason, receivers in self._by_reason(mark).items():
            found = self._route(reason, receivers)
            routings += found
            made += self._save_alert(reason, found)
        told = any(one.due_at is not None for one in routings)
        if told or self.verdict is SilentReason.ALREADY_TOLD:
            return made
        known = self.verdict if isinstance(self.verdict, SilentReason) else None
        why = known or silent_reason(routings) or SilentReason.NO_RECEIVER
        self._tx.silent(self._hit.id, why)
        return made

    def _gather(self, wishes: Wishes) -> HitFacts:
        case, change, told = self._case, self._hit.change, self._told
        return HitFacts(
            score=case.score.value,
            threshold=case.score.threshold,
            first_seen_at=case.article.first_seen_at,
            max_age=case.spec.max_age,
            published_at=case.article.published_at,
            first_sight=case.article.backlog,
            rescored=case.article.scored_at is not None,
            alert_backlog=wishes.alert_backlog,
            verdict=case.earlier.verdict if case.earlier else None,
            told=case.told_score is not None,
            revised=change is not None and (change.telling or case.withdrawn),
            story=StoryFacts(
                told_at=told.at,
                publishers=self._tx.publishers(self._hit.story_id),
                told_publishers=told.publishers,
                novelty=self._hit.novelty,
                dismissed=told.dismissed,
            ),
        )

    def _by_reason(self, mark: StageMark | None) -> dict[AlertReason, list[ReceiverSpec]]:
        """Who could be told, by the reason: what is a new stage or a new story differs by receiver."""
        staged = self.verdict
        unheard: set[str] = set()
        if mark is not None and mark.news:
            heard = self._tx.changes.heard_of_stage(self._case.spec.id, mark)
            unheard = {receiver.name for receiver in self._receivers} - heard
            story = replace(self._facts.story, stage_change=True)
            staged = decide_alert(replace(self._facts, story=story), now=self._case.now)
        found: dict[AlertReason, list[ReceiverSpec]] = {}
        for receiver in self._receivers:
            own = self.verdict
            if receiver.name in unheard and takes_reason(receiver, AlertReason.STAGE_CHANGE):
                own = staged
            reason = reason_for(own, knows_story=receiver.name in self._told.receivers)
            if reason is not None:
                found.setdefault(reason, []).append(receiver)
        return found

    def _route(self, reason: AlertReason, receivers: Sequence[ReceiverSpec]) -> tuple[Routing, ...]:
        case, now, story_id = self._case, self._case.now, self._hit.story_id
        groups = {
            receiver.name: closes
            for receiver in receivers
            if (closes := self._tx.open_group(receiver.name, now=now)) is not None
        }
        candidate = AlertCandidate(
            reason=reason,
            # A correction goes to whom the article was told, however little is left of it.
            score=max(case.score.value, case.told_score or 0.0),
            topic=case.spec.id,
            lang=case.article.lang,
            feed_tags=case.article.tags,
            stage_change=reason is AlertReason.STAGE_CHANGE,
            story_id=story_id,
            silenced_until=self._tx.silenced_until(case.spec.id, story_id, now=now),
        )
        return route(candidate, receivers, now=now, open_groups=groups)

    def _save_alert(self, reason: AlertReason, routings: Sequence[Routing]) -> int:
        """Write the alert and its pending deliveries, where there is any; returns alerts made."""
        deliveries = pending(routings)
        if not deliveries:
            return 0
        case, hit = self._case, self._hit
        alert = AlertOutcome(
            once=f"{reason}:{case.spec.id}:{hit.id}:{case.article.revision}",
            reason=reason,
            created_at=case.now,
            topic=case.spec.id,
            story_id=hit.story_id,
            hit_id=hit.id,
            detail=self._changed_text(),
            score=case.score.value,
            publishers=self._facts.story.publishers,
            deliveries=deliveries,
        )
        return int(self._tx.save_alert(alert) is not None)

    def _changed_text(self) -> str:
        """What a message says of a page that changed; empty where it did not."""
        case, change = self._case, self._hit.change
        if change is None or case.told_score is None:
            return ""
        lines = []
        if case.withdrawn:
            score = case.score.value
            lines.append(f"It is no hit any more: score {score:.0f}, was {case.told_score:.0f}")
        if not change.diff:
            lines.append("The page is gone.")
        return "\n".join([*lines, *change.diff.splitlines()])
