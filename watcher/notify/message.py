"""What a receiver is told, as data: one message carries one or more deliveries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from watcher.model import AlertReason, DeliveryId, HitId, StoryId, check_aware

SCHEMA = 1
"""Version of the ``watcher`` object in webhook bodies; it changes only when a key goes."""


class MessageKind(StrEnum):
    SINGLE = "single"
    DIGEST = "digest"
    OPERATOR = "operator"
    TEST = "test"


class Outcome(StrEnum):
    """What became of a try to send."""

    SENT = "sent"
    RETRY = "retry"
    PERMANENT = "permanent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """Another article of the same story, which makes no delivery of its own."""

    headline: str
    publisher: str
    url: str | None = None
    lang: str | None = None
    hit_id: HitId | None = None
    new: str = ""
    """Of a follow-up: the sentence that brings most to a story told before; empty: nothing does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One delivery inside a message: what the reader needs to judge the article."""

    headline: str
    url: str | None
    publisher: str
    score: float
    delivery_id: DeliveryId
    reason: AlertReason = AlertReason.NEW_HIT
    topic: str = ""
    """The topic's name; empty: the message's."""
    topic_id: str = ""
    lang: str | None = None
    published_at: datetime | None = None
    first_seen_at: datetime | None = None
    word: str = ""
    """How sure: strong, likely, borderline or empty; see ``strength``."""
    why: str = ""
    """One line: what spoke for it."""
    sentences: tuple[str, ...] = ()
    matched: tuple[str, ...] = ()
    """Surface forms to mark in headline and sentences."""
    novelty: tuple[str, ...] = ()
    """Sentences that bring something new to a story that was told before."""
    change: tuple[str, ...] = ()
    """What became of an article that was told before, a line each: its sentences with
    ``[-gone-]`` and ``{+new+}``, or that its page is gone."""
    publishers: tuple[str, ...] = ()
    """Other publishers of the story, all of them."""
    others: tuple[Other, ...] = ()
    """Other articles of the story, at most a handful."""
    stage: str = ""
    """The stage that the story has reached, with its evidence if there is room."""
    partial: bool = False
    """Only title and summary could be read."""
    hit_id: HitId | None = None
    story_id: StoryId | None = None
    story: str = ""
    """Headline of the story, where it is not the notice's own."""

    def __post_init__(self) -> None:
        check_aware(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What goes to one receiver at one time."""

    message_id: str
    """Stable over repeats of the same deliveries; the outbox makes it of their ids."""
    receiver: str
    topic: str = ""
    """Name of the topic where all lines share it; else empty."""
    kind: MessageKind = MessageKind.SINGLE
    lines: tuple[Notice, ...] = ()
    brief: tuple[Notice, ...] = ()
    """Told too, but in a line each, under "and 14 more"."""
    follow_ups: tuple[Other, ...] = ()
    """Articles of stories told before of which the receiver heard nothing; a digest names them."""
    body: tuple[str, ...] = ()
    """Plain paragraphs of operator notices and test messages."""
    subject: str = ""
    """For operator notices and tests; alerts make their own."""
    delivery_ids: tuple[DeliveryId, ...] = ()
    """Of operator notices, and of alerts that are only counted; the others carry their own."""
    possible_repeat: bool = False
    """An earlier try may have arrived."""
    accepted: tuple[str, ...] = ()
    """``SendResult.accepted`` of earlier tries: who is spared this one."""
    more: int = 0
    """How many further alerts are only counted, as there was no room for a line each."""
    timezone: str = "UTC"
    part: int = 1
    parts: int = 1

    @property
    def deliveries(self) -> tuple[DeliveryId, ...]:
        """Every delivery that this message makes."""
        told = (*self.lines, *self.brief)
        return self.delivery_ids + tuple(line.delivery_id for line in told)


@dataclass(frozen=True, slots=True, kw_only=True)
class SendResult:
    """What became of one ``Notifier.send``."""

    outcome: Outcome
    ambiguous: bool = False
    """The receiver may have got it although no success was reported: say so when repeating."""
    detail: str = ""
    """One line for people, without secrets."""
    retry_after: timedelta | None = None
    sent: tuple[DeliveryId, ...] = ()
    """Deliveries that were surely taken: all of them for SENT, those of the parts that went
    through for a long message of which a later part failed."""
    accepted: tuple[str, ...] = ()
    """Marks of a mail's recipients who have it, where others were put off."""


def strength(score: float, threshold: float) -> str:
    """A plain word for a score at or over its threshold; none for what is no hit any more."""
    if score < threshold:
        return ""
    reach = (score - threshold) / max(100.0 - threshold, 1.0)
    if reach >= 0.7:
        return "strong"
    return "likely" if reach >= 0.3 else "borderline"


def sample_message(receiver: str, *, now: datetime) -> Message:
    """What ``alerts test`` sends."""
    return Message(
        message_id=f"test-{now:%Y%m%dT%H%M%S%f}",
        receiver=receiver,
        kind=MessageKind.TEST,
        subject=f"watcher: test message for {receiver}",
        body=(
            f'This is a test. If you can read it, alerts will reach the receiver "{receiver}".',
            "English · Русский · Українська · ქართული · Ирон",
            f"Sent {now:%d %b %Y %H:%M} UTC.",
        ),
    )


def webhook_object(message: Message) -> dict[str, Any]:
    """The ``watcher`` key of a webhook body (schema 1): stable names, ISO 8601 times in UTC."""
    return {
        "schema": SCHEMA,
        "message_id": message.message_id,
        "kind": message.kind.value,
        "receiver": message.receiver,
        "topic": message.topic,
        "part": message.part,
        "parts": message.parts,
        "more": message.more,
        "possible_repeat": message.possible_repeat,
        "delivery_ids": list(message.deliveries),
        "body": list(message.body),
        "follow_ups": [_other_object(other) | {"new": other.new} for other in message.follow_ups],
        "deliveries": [
            _delivery_object(message, line) | {"brief": brief}
            for lines, brief in ((message.lines, False), (message.brief, True))
            for line in lines
        ],
    }


def _delivery_object(message: Message, line: Notice) -> dict[str, Any]:
    return {
        "delivery_id": line.delivery_id,
        "hit_id": line.hit_id,
        "story_id": line.story_id,
        "topic": line.topic_id or line.topic or message.topic,
        "topic_name": line.topic or message.topic,
        "reason": line.reason.value,
        "score": round(line.score, 1),
        "strength": line.word,
        "title": line.headline,
        "url": line.url,
        "publisher": line.publisher,
        "lang": line.lang,
        "published_at": _iso(line.published_at),
        "first_seen_at": _iso(line.first_seen_at),
        "why": line.why,
        "sentences": list(line.sentences),
        "new": list(line.novelty),
        "change": list(line.change),
        "matched": list(line.matched),
        "publishers": list(line.publishers),
        "others": [_other_object(other) for other in line.others],
        "stage": line.stage,
        "partial": line.partial,
        "possible_repeat": message.possible_repeat,
    }


def _other_object(other: Other) -> dict[str, Any]:
    return {
        "title": other.headline,
        "publisher": other.publisher,
        "url": other.url,
        "lang": other.lang,
        "hit_id": other.hit_id,
    }


def _iso(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat().replace("+00:00", "Z")
