"""What stored codes mean, in words for people; ``--json`` keeps the codes."""

from __future__ import annotations

from watcher.model import AlertReason, SilentReason

_REASONS = {
    AlertReason.NEW_HIT: "new story",
    AlertReason.STORY_GREW: "story grew",
    AlertReason.STAGE_CHANGE: "new stage",
    AlertReason.REVISION: "page changed",
    AlertReason.SPIKE: "unusual volume",
    AlertReason.OPERATOR: "operator notice",
}
_SILENT = {
    SilentReason.BACKLOG: "backlog: older than the topic's max_age when it was found to be a hit",
    SilentReason.SAME_STORY: "same story as one that was told before",
    SilentReason.NO_RECEIVER: "no receiver takes it",
    SilentReason.UNDER_MIN_SCORE: "it is under the receivers' min_score",
    SilentReason.OTHER_TOPIC: "no receiver takes the topic",
    SilentReason.OTHER_LANGUAGE: "no receiver takes its language",
    SilentReason.OTHER_TAG: "no receiver takes its feed's tags",
    SilentReason.OTHER_REASON: "no receiver asks for this reason",
    SilentReason.SILENCED: "the topic or story was muted",
    SilentReason.NOT_A_HIT: "it is under the threshold",
    SilentReason.ALREADY_TOLD: "it was told before",
    SilentReason.REVIEWED: "the reviewer called it or its story irrelevant",
}
_HELD = {
    "group": "its group",
    "schedule": "the next digest",
    "quiet": "the quiet hours' end",
    "rate": "the hourly limit",
}


def why_told(reason: AlertReason) -> str:
    """``new story`` for ``new-hit``."""
    return _REASONS[reason]


def why_silent(reason: SilentReason | None) -> str:
    """A clause on why nobody was told."""
    return "nobody was told" if reason is None else _SILENT[reason]


def held_for(held: str | None) -> str:
    """What a delivery waits for; empty where it waits for nothing."""
    return _HELD.get(held, held) if held else ""
