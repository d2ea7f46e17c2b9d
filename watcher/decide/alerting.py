"""Whether something is told at all, to whom, and when. Every "no" has its reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import floor

from watcher.decide.when import Held, due_at
from watcher.model import (
    AlertReason,
    ReceiverSpec,
    SilentReason,
    StoryId,
    TopicId,
    Verdict,
    check_aware,
)

# The independent publishers at which a told story is told again: the first confirmation, then
# each time it spread to twice as many.
CONFIRMATIONS = (2, 5, 10, 20, 40, 80)


# What a receiver hears of unless its ``reasons`` say otherwise: each story once, and each new stage.
USUAL_REASONS = (AlertReason.NEW_HIT, AlertReason.STAGE_CHANGE)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryFacts:
    """What is known of the story that a hit belongs to, with the hit counted in."""

    told_at: datetime | None = None
    """When the latest alert about the story was made; None: nobody was told yet."""
    publishers: int = 1
    """Independent publishers now."""
    told_publishers: int = 0
    """Independent publishers when it was last told."""
    novelty: float = 0.0
    """0..1: how much of what the hit says the story did not have yet."""
    stage_change: bool = False
    """The hit tells of a stage that the topic has just reached."""
    dismissed: bool = False
    """The reviewer called what was told of the story irrelevant, or the hit that this one copies."""

    def __post_init__(self) -> None:
        check_aware(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class HitFacts:
    """What decides whether a hit is told."""

    score: float
    threshold: float
    first_seen_at: datetime
    max_age: timedelta
    published_at: datetime | None = None
    first_sight: bool = False
    """The entry came with the first successful poll of its feed."""
    alert_backlog: bool = False
    rescored: bool = False
    """The same text was scored before: what is different now is the configuration."""
    verdict: Verdict | None = None
    told: bool = False
    """An alert about this very hit was made before."""
    revised: bool = False
    """The article was told and then changed in what matters to the topic."""
    story: StoryFacts = StoryFacts()

    def __post_init__(self) -> None:
        check_aware(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowthPolicy:
    """When a story that was told before is told again."""

    repeat_wait: timedelta = timedelta(hours=1)
    """The least time between two alerts on one story, stage changes excepted."""
    novelty: float = 0.5
    """From this much that is new on, a follow-up is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertCandidate:
    """Something worth telling, before it is known to whom."""

    reason: AlertReason
    score: float = 0.0
    topic: TopicId | None = None
    """None only for operator notices."""
    lang: str | None = None
    feed_tags: tuple[str, ...] = ()
    stage_change: bool = False
    story_id: StoryId | None = None
    silenced_until: datetime | None = None
    """A person muted the topic or the story until then."""

    def __post_init__(self) -> None:
        check_aware(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """One receiver's part in an alert: either a time, or a reason why not."""

    receiver: str
    due_at: datetime | None = None
    held: Held | None = None
    reason: SilentReason | None = None
    detail: str = ""


def decide_alert(
    hit: HitFacts,
    *,
    now: datetime,
    policy: GrowthPolicy = GrowthPolicy(),
) -> AlertReason | SilentReason:
    """Why this hit is told, or why it is not."""
    silent = _never_told(hit, now)
    if silent is not None:
        return silent
    if hit.score < hit.threshold:
        return AlertReason.REVISION  # what was told is taken back
    # Told before or not: a page may only be readable in full after its headline was told.
    if hit.story.stage_change:
        return AlertReason.STAGE_CHANGE
    if hit.told:
        return AlertReason.REVISION if hit.revised else SilentReason.ALREADY_TOLD
    if hit.story.told_at is None:
        return AlertReason.NEW_HIT
    return _told_again(hit.story, now, policy)


def reason_for(verdict: AlertReason | SilentReason, *, knows_story: bool) -> AlertReason | None:
    """Why a receiver hears of a hit, before it is asked what it takes; None: it does not.

    To who has not heard of the story it is new, whatever it is to the others.
    """
    if verdict is AlertReason.STAGE_CHANGE:
        return verdict
    if not knows_story:
        told = isinstance(verdict, AlertReason) or verdict is SilentReason.SAME_STORY
        return AlertReason.NEW_HIT if told else None
    return verdict if isinstance(verdict, AlertReason) else None


def takes_reason(receiver: ReceiverSpec, reason: AlertReason) -> bool:
    """Whether the receiver wants alerts of this kind."""
    return reason in (receiver.reasons or USUAL_REASONS)


def route(
    candidate: AlertCandidate,
    receivers: Sequence[ReceiverSpec],
    *,
    now: datetime,
    operator: str | None = None,
    open_groups: Mapping[str, datetime] | None = None,
) -> tuple[Routing, ...]:
    """Who is told and when, one Routing per receiver in their order.

    ``operator`` names the receiver of operator notices; ``open_groups`` says for each receiver
    when the message being gathered now will close.
    """
    groups = open_groups or {}
    return tuple(
        _route_one(candidate, receiver, now, operator, groups.get(receiver.name))
        for receiver in receivers
    )


def silent_reason(routings: Sequence[Routing]) -> SilentReason | None:
    """Why nobody is told; None where somebody is."""
    if any(routing.due_at is not None for routing in routings):
        return None
    reasons = {routing.reason for routing in routings if routing.reason is not None}
    return reasons.pop() if len(reasons) == 1 else SilentReason.NO_RECEIVER


def _never_told(hit: HitFacts, now: datetime) -> SilentReason | None:
    if hit.score < hit.threshold and not (hit.told and hit.revised):
        return SilentReason.NOT_A_HIT
    if hit.verdict in (Verdict.IRRELEVANT, Verdict.DUPLICATE) or hit.story.dismissed:
        return SilentReason.REVIEWED
    if _is_backlog(hit) or _was_passed_over(hit, now):
        return SilentReason.ALREADY_TOLD if hit.told else SilentReason.BACKLOG
    return None


def _was_passed_over(hit: HitFacts, now: datetime) -> bool:
    """Scored in its day, and only now a hit: what is too old for a new feed is so here too."""
    if not hit.rescored or hit.revised or hit.alert_backlog:
        return False
    return now - hit.first_seen_at > hit.max_age


def _is_backlog(hit: HitFacts) -> bool:
    """Only a feed's first sight has a backlog: later on, claimed dates are not to be trusted."""
    if not hit.first_sight or hit.alert_backlog or hit.published_at is None:
        return False
    # Not "now": an article that could only be read days later was news when it was seen.
    return hit.first_seen_at - hit.published_at > hit.max_age


def _told_again(
    story: StoryFacts, now: datetime, policy: GrowthPolicy
) -> AlertReason | SilentReason:
    told_at = story.told_at or now
    # A told_at in the future means that the clock jumped back: don't mute the story until then.
    if timedelta(0) <= now - told_at < policy.repeat_wait:
        return SilentReason.SAME_STORY
    return AlertReason.STORY_GREW if _grew(story, policy) else SilentReason.SAME_STORY


def _grew(story: StoryFacts, policy: GrowthPolicy) -> bool:
    # A reprint with two paragraphs of its own is a near-duplicate by its text, and news.
    return story.novelty >= policy.novelty or any(
        story.told_publishers < step <= story.publishers for step in CONFIRMATIONS
    )


def _route_one(
    candidate: AlertCandidate,
    receiver: ReceiverSpec,
    now: datetime,
    operator: str | None,
    open_group: datetime | None,
) -> Routing:
    if candidate.reason is AlertReason.OPERATOR:
        refusal = _refuse_notice(receiver, operator)
    else:
        refusal = _refuse(candidate, receiver, now)
    if refusal is not None:
        reason, detail = refusal
        return Routing(receiver=receiver.name, reason=reason, detail=detail)
    due = due_at(receiver, now, candidate.score, candidate.stage_change, open_group=open_group)
    return Routing(
        receiver=receiver.name, due_at=due.at, held=due.held, detail=_when_text(due.held)
    )


def _refuse_notice(receiver: ReceiverSpec, operator: str | None) -> tuple[SilentReason, str] | None:
    """Operator notices go to the operator, and to who asks for them by name."""
    if receiver.name == operator or AlertReason.OPERATOR in receiver.reasons:
        return None
    return SilentReason.OTHER_REASON, "operator notices go to the operator's receiver"


def _refuse(
    candidate: AlertCandidate, receiver: ReceiverSpec, now: datetime
) -> tuple[SilentReason, str] | None:
    """The first rule of the receiver that the candidate breaks."""
    until = candidate.silenced_until
    wanted_tags = set(receiver.tags)
    rules = (
        (
            until is not None and until > now,
            SilentReason.SILENCED,
            f"silenced until {until:%Y-%m-%d %H:%M} UTC" if until else "",
        ),
        (
            bool(receiver.topics) and candidate.topic not in receiver.topics,
            SilentReason.OTHER_TOPIC,
            _only(receiver.topics),
        ),
        (
            not takes_reason(receiver, candidate.reason),
            SilentReason.OTHER_REASON,
            _only(receiver.reasons or USUAL_REASONS),
        ),
        (
            candidate.score < receiver.min_score,
            SilentReason.UNDER_MIN_SCORE,
            # Rounded down: 98.97 is not 99, and "99 is under 99" would be no reason.
            f"score {floor(candidate.score * 10) / 10:g} is under {receiver.min_score:g}",
        ),
        (
            not takes_language(receiver, candidate.lang),
            SilentReason.OTHER_LANGUAGE,
            _only(receiver.langs),
        ),
        (
            bool(wanted_tags) and wanted_tags.isdisjoint(candidate.feed_tags),
            SilentReason.OTHER_TAG,
            _only(receiver.tags),
        ),
    )
    return next(((reason, detail) for broken, reason, detail in rules if broken), None)


def takes_language(receiver: ReceiverSpec, lang: str | None) -> bool:
    """Whether the receiver's ``langs`` let it pass; an unknown one does: better one message too
    many than a lost one."""
    if not receiver.langs or not lang:
        return True
    primary = lang.lower().partition("-")[0]
    return primary in {wanted.lower().partition("-")[0] for wanted in receiver.langs}


def _only(names: Sequence[str]) -> str:
    return "takes only " + ", ".join(names)


def _when_text(held: Held | None) -> str:
    return {
        None: "at once",
        Held.GROUP: "when its group is complete",
        Held.SCHEDULE: "with the next digest",
        Held.QUIET: "after the quiet hours",
        Held.RATE: "when the hourly limit allows",
    }[held]
