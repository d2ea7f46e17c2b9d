"""Alerts and their deliveries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from watcher.model import (
    AlertId,
    AlertReason,
    DeliveryId,
    DeliveryState,
    HitId,
    StoryId,
    TopicId,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryOutcome:
    """One pending delivery of an alert about to be written."""

    receiver: str
    next_try_at: datetime
    held: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertOutcome:
    """An alert with its deliveries, about to be written together."""

    once: str
    """Key of the event: a second alert with the same key is not made."""
    reason: AlertReason
    created_at: datetime
    topic: TopicId | None = None
    story_id: StoryId | None = None
    hit_id: HitId | None = None
    detail: str = ""
    score: float = 0.0
    publishers: int = 0
    deliveries: tuple[DeliveryOutcome, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRecord:
    """One delivery."""

    id: DeliveryId
    alert_id: AlertId
    receiver: str
    state: DeliveryState
    attempts: int
    created_at: datetime
    next_try_at: datetime | None
    held: str | None
    first_tried_at: datetime | None
    sent_at: datetime | None
    last_error: str | None
    message: str | None
    ambiguous: bool

    @property
    def asked_for(self) -> bool:
        """Whether a person wants it tried now: ``Outbox.retry`` alone begins its life anew in the
        moment in which it is due."""
        return self.next_try_at is not None and self.next_try_at == self.first_tried_at


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRecord:
    """One alert with its deliveries."""

    id: AlertId
    topic: TopicId | None
    story_id: StoryId | None
    hit_id: HitId | None
    reason: AlertReason
    detail: str
    score: float
    created_at: datetime
    deliveries: tuple[DeliveryRecord, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Deliveries of one receiver that travel in one message, leased for sending."""

    message: str
    receiver: str
    deliveries: tuple[DeliveryRecord, ...]
    repeat: bool
    """An earlier try may have arrived."""
