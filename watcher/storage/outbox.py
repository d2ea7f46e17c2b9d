"""Deliveries: leased, sent by others, recorded. At least once, never lost."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, case, delete, func, or_, select, update

from watcher.errors import NotFoundError
from watcher.model import (
    AlertId,
    AlertReason,
    DeliveryId,
    DeliveryState,
    HitId,
    HitKind,
    SilentReason,
    StoryId,
    TopicId,
    Verdict,
)
from watcher.storage.database import Database
from watcher.storage.records import AlertRecord, Batch, DeliveryRecord
from watcher.storage.statements import save_fact
from watcher.storage.tables import alerts, deliveries, facts, hits

# The most that one message carries; the rest travels in the next one.
MESSAGE_SIZE = 200
_ACCEPTED = "accepted:"
_ACCEPTANCES = facts.c.name.startswith(_ACCEPTED)
_ACCEPTED_KEPT = timedelta(days=30)
"""Longer than anything is tried again; a person may insist later still."""


class Outbox:
    """The deliveries table as a queue per receiver."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def receivers_due(self, *, now: datetime) -> list[str]:
        """Receivers for whom something is due and not leased."""
        query = select(deliveries.c.receiver).where(_due(now)).distinct()
        with self._database.reading() as connection:
            return sorted(connection.execute(query).scalars())

    def next_due_at(self, *, now: datetime) -> datetime | None:
        """When the next pending delivery will be due."""
        query = select(func.min(deliveries.c.next_try_at)).where(deliveries.c.next_try_at > now)
        with self._database.reading() as connection:
            return connection.execute(query).scalar()

    def claim(self, receiver: str, *, now: datetime, lease: timedelta) -> Batch | None:
        """Lease what goes to this receiver in its next message.

        Deliveries that travelled together before travel together again under the same message
        id, so that the receiving side can tell a repeat. What a person called irrelevant while it
        was held is cancelled, unless it is all that would tell the receiver of a story that stands.
        """
        with self._database.writing() as connection:
            _cancel_dismissed(connection, receiver, now)
            rows = connection.execute(
                select(deliveries.c.id, deliveries.c.message, deliveries.c.created_at)
                .where(_due(now), deliveries.c.receiver == receiver)
                .order_by(deliveries.c.id)
                .with_for_update(skip_locked=True)
            ).all()
            if not rows:
                return None
            repeated = next((row.message for row in rows if row.message), None)
            ids = [row.id for row in rows if row.message == repeated][:MESSAGE_SIZE]
            message = repeated or _message_id(receiver, ids, rows[0].created_at)
            claimed = connection.execute(
                update(deliveries)
                .where(deliveries.c.id.in_(ids))
                .values(
                    # A lease that ran out means that a send may have succeeded unrecorded.
                    ambiguous=or_(
                        deliveries.c.ambiguous, deliveries.c.state == DeliveryState.SENDING
                    ),
                    state=DeliveryState.SENDING,
                    attempts=deliveries.c.attempts + 1,
                    first_tried_at=func.coalesce(deliveries.c.first_tried_at, now),
                    lease_until=now + lease,
                    message=message,
                )
                .returning(deliveries)
            ).all()
        found = sorted((delivery_from(row) for row in claimed), key=lambda d: d.id)
        return Batch(
            message=message,
            receiver=receiver,
            deliveries=tuple(found),
            repeat=any(delivery.ambiguous for delivery in found),
        )

    def record_sent(
        self, ids: Collection[DeliveryId], *, now: datetime, remark: str | None = None
    ) -> None:
        """The receiver took the message; ``remark`` says what was not as it should be."""
        self._set(
            ids,
            state=DeliveryState.SENT,
            sent_at=now,
            next_try_at=None,
            lease_until=None,
            held=None,
            last_error=remark,
        )

    def record_retry(
        self, ids: Collection[DeliveryId], *, at: datetime, error: str, ambiguous: bool
    ) -> None:
        """It failed and will be tried again then."""
        values: dict[str, Any] = {
            "state": DeliveryState.PENDING,
            "next_try_at": at,
            "lease_until": None,
            "held": None,
            "last_error": error,
        }
        if ambiguous:
            values["ambiguous"] = True
        self._set_claimed(ids, **values)

    def accepted(self, batch: Batch) -> tuple[str, ...]:
        """Who of several recipients has this message from an earlier try, by their marks."""
        query = select(facts.c.value).where(facts.c.name == _accepted(batch))
        with self._database.reading() as connection:
            return tuple(connection.execute(query).scalar() or ())

    def keep_accepted(self, batch: Batch, marks: Collection[str], *, now: datetime) -> None:
        """Remember them, so that a try for the others spares these, after a restart too."""
        known = {*self.accepted(batch), *marks}
        row = {"name": _accepted(batch), "value": sorted(known), "at": now}
        with self._database.writing() as connection:
            connection.execute(delete(facts).where(facts.c.at < now - _ACCEPTED_KEPT, _ACCEPTANCES))
            connection.execute(save_fact(self._database.insert), row)

    def record_dead(self, ids: Collection[DeliveryId], *, error: str) -> None:
        """It will not be tried again unless a person says so."""
        self._set_claimed(
            ids, state=DeliveryState.DEAD, next_try_at=None, lease_until=None, last_error=error
        )

    def give_back(self, ids: Collection[DeliveryId]) -> None:
        """A stop came before the send began: as if never claimed."""
        self._set_claimed(ids, **_UNCLAIMED)

    def postpone(self, ids: Collection[DeliveryId], *, at: datetime, held: str) -> None:
        """Hold claimed deliveries until then, and say why. New ones may join their message."""
        self._set_claimed(ids, **_UNCLAIMED, next_try_at=at, held=held)

    def close_groups(self, *, now: datetime) -> None:
        """What waits only for its group to fill is due now."""
        with self._database.writing() as connection:
            connection.execute(
                update(deliveries)
                .where(
                    deliveries.c.state == DeliveryState.PENDING,
                    deliveries.c.held == "group",
                    deliveries.c.next_try_at > now,
                )
                .values(next_try_at=now)
            )

    def sent_messages(self, receiver: str, *, since: datetime) -> tuple[int, datetime | None]:
        """How many messages this receiver got since then, and when the first of them went."""
        query = select(
            func.count(deliveries.c.message.distinct()), func.min(deliveries.c.sent_at)
        ).where(deliveries.c.receiver == receiver, deliveries.c.sent_at >= since)
        with self._database.reading() as connection:
            row = connection.execute(query).one()
        return int(row[0]), row[1]

    def follow_ups(self, receiver: str, *, min_score: float, limit: int) -> list[HitId]:
        """What joined stories that this receiver was told of since its last message, and was not
        told to it; newest first. What a person muted or judged is left out, and a feed's backlog."""
        mine = and_(deliveries.c.receiver == receiver, deliveries.c.state == DeliveryState.SENT)
        last = select(func.max(deliveries.c.sent_at)).where(mine)
        told = (
            select(alerts.c.story_id)
            .join(deliveries, deliveries.c.alert_id == alerts.c.id)
            .where(mine, alerts.c.story_id.is_not(None))
        )
        # Whatever kept it from the receiver: that nothing is new, that something was told within
        # the hour, that it does not ask to hear of growing stories.
        known = (
            select(deliveries.c.id)
            .join(alerts, alerts.c.id == deliveries.c.alert_id)
            .where(deliveries.c.receiver == receiver, alerts.c.hit_id == hits.c.id)
        )
        with self._database.reading() as connection:
            since = connection.execute(last).scalar()
            if since is None:
                return []
            query = (
                select(hits.c.id)
                .where(
                    hits.c.kind == HitKind.HIT,
                    hits.c.score >= hits.c.threshold,
                    or_(hits.c.silent_reason.is_(None), hits.c.silent_reason.not_in(_NO_FOLLOW_UP)),
                    ~known.exists(),
                    hits.c.decided_at >= since,
                    # Scoring all anew must not make old ones follow again.
                    hits.c.first_seen_at >= since - _READ_LATE,
                    hits.c.story_id.in_(told),
                    hits.c.score >= min_score,
                    or_(
                        hits.c.verdict.is_(None),
                        hits.c.verdict.not_in([Verdict.IRRELEVANT, Verdict.DUPLICATE]),
                    ),
                )
                .order_by(hits.c.id.desc())
                .limit(limit)
            )
            return [HitId(found) for found in connection.execute(query).scalars()]

    def retry(self, alert_id: AlertId, *, now: datetime) -> int:
        """Make an alert's unsent deliveries due now; returns how many."""
        return self._by_alert(
            alert_id,
            (DeliveryState.DEAD, DeliveryState.FAILED, DeliveryState.PENDING),
            state=DeliveryState.PENDING,
            next_try_at=now,
            first_tried_at=now,
            held=None,
        )

    def cancel(self, alert_id: AlertId, *, why: str) -> int:
        """Stop an alert's pending deliveries; returns how many."""
        return self._by_alert(
            alert_id,
            (DeliveryState.PENDING, DeliveryState.DEAD),
            state=DeliveryState.FAILED,
            next_try_at=None,
            last_error=why,
        )

    def alerts(
        self,
        *,
        limit: int = 50,
        ids: Collection[AlertId] | None = None,
        hit_id: int | None = None,
        dead: bool = False,
    ) -> list[AlertRecord]:
        """Alerts with their deliveries, newest first; ``dead``: those with a dead delivery."""
        query = select(alerts).order_by(alerts.c.id.desc()).limit(limit)
        if ids is not None:
            query = query.where(alerts.c.id.in_(list(ids)))
        if hit_id is not None:
            query = query.where(alerts.c.hit_id == hit_id)
        if dead:
            given_up = select(deliveries.c.alert_id).where(deliveries.c.state == DeliveryState.DEAD)
            query = query.where(alerts.c.id.in_(given_up))
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
            sent = _deliveries_of(connection, [row.id for row in rows])
        return [_alert_from(row, sent.get(row.id, ())) for row in rows]

    def pending(self, *, limit: int = 500) -> list[DeliveryRecord]:
        """Deliveries that wait, in the order they are due."""
        query = (
            select(deliveries)
            .where(deliveries.c.next_try_at.is_not(None))
            .order_by(deliveries.c.next_try_at, deliveries.c.id)
            .limit(limit)
        )
        with self._database.reading() as connection:
            return [delivery_from(row) for row in connection.execute(query)]

    def _by_alert(self, alert_id: AlertId, states: Sequence[DeliveryState], **values: Any) -> int:
        with self._database.writing() as connection:
            if (
                connection.execute(select(alerts.c.id).where(alerts.c.id == alert_id)).first()
                is None
            ):
                raise NotFoundError("alert", alert_id)
            changed = connection.execute(
                update(deliveries)
                .where(deliveries.c.alert_id == alert_id, deliveries.c.state.in_(states))
                .values(values)
            )
            return changed.rowcount

    def _set(self, ids: Collection[DeliveryId], **values: Any) -> None:
        with self._database.writing() as connection:
            connection.execute(
                update(deliveries).where(deliveries.c.id.in_(list(ids))).values(values)
            )

    def _set_claimed(self, ids: Collection[DeliveryId], **values: Any) -> None:
        """Only while it is being sent: a sender that was suspended for longer than its lease must
        not undo what another one has done meanwhile."""
        with self._database.writing() as connection:
            connection.execute(
                update(deliveries)
                .where(deliveries.c.id.in_(list(ids)), deliveries.c.state == DeliveryState.SENDING)
                .values(values)
            )


_READ_LATE = timedelta(hours=1)
"""So long before a digest an article may have been seen that was read and decided on after it."""
_NO_FOLLOW_UP = (SilentReason.BACKLOG, SilentReason.SILENCED, SilentReason.REVIEWED)

# What was never tried belongs to no message yet; what was tried keeps its message's id.
_UNCLAIMED: dict[str, Any] = {
    "state": DeliveryState.PENDING,
    "lease_until": None,
    "attempts": deliveries.c.attempts - 1,
    "message": case((deliveries.c.attempts > 1, deliveries.c.message), else_=None),
    "first_tried_at": case((deliveries.c.attempts > 1, deliveries.c.first_tried_at), else_=None),
}


def _cancel_dismissed(connection: Connection, receiver: str, now: datetime) -> None:
    """End what is due, was held and never tried, and was called irrelevant meanwhile, unless it is
    all that would tell the receiver of a story that stands."""
    other = hits.alias()
    stands = select(other.c.id).where(
        other.c.story_id == hits.c.story_id,
        other.c.kind == HitKind.HIT,
        func.coalesce(other.c.verdict, "") != Verdict.IRRELEVANT,
    )
    also, also_alert, also_hit = deliveries.alias(), alerts.alias(), hits.alias()
    told_by_another = (
        select(also.c.id)
        .join(also_alert, also_alert.c.id == also.c.alert_id)
        .join(also_hit, also_hit.c.id == also_alert.c.hit_id)
        .where(
            also_alert.c.story_id == alerts.c.story_id,
            also.c.receiver == receiver,
            also.c.state != DeliveryState.FAILED,
            func.coalesce(also_hit.c.verdict, "") != Verdict.IRRELEVANT,
        )
    )
    dismissed = (
        select(alerts.c.id)
        .join(hits, hits.c.id == alerts.c.hit_id)
        .where(
            alerts.c.id == deliveries.c.alert_id,
            hits.c.verdict == Verdict.IRRELEVANT,
            or_(~stands.exists(), told_by_another.exists()),
        )
    )
    connection.execute(
        update(deliveries)
        .where(
            _due(now),
            deliveries.c.receiver == receiver,
            deliveries.c.held.in_(("group", "schedule", "quiet")),
            deliveries.c.attempts == 0,
            dismissed.exists(),
        )
        .values(
            state=DeliveryState.FAILED,
            next_try_at=None,
            held=None,
            last_error="called irrelevant while it was held",
        )
    )


def _accepted(batch: Batch) -> str:
    return f"{_ACCEPTED}{batch.message}"


def _due(now: datetime) -> ColumnElement[bool]:
    return and_(
        deliveries.c.next_try_at <= now,
        or_(
            deliveries.c.state == DeliveryState.PENDING,
            and_(
                deliveries.c.state == DeliveryState.SENDING,
                deliveries.c.lease_until <= now,
            ),
        ),
    )


def _message_id(receiver: str, ids: Sequence[int], stamp: datetime) -> str:
    # The time tells a database that was built anew from the one before: both count from one.
    seed = f"{receiver}:{','.join(map(str, ids))}:{stamp.isoformat()}"
    return f"m{ids[0]}-{hashlib.sha256(seed.encode()).hexdigest()[:12]}"


def _deliveries_of(
    connection: Connection, alert_ids: Collection[int]
) -> dict[int, list[DeliveryRecord]]:
    query = (
        select(deliveries)
        .where(deliveries.c.alert_id.in_(list(alert_ids)))
        .order_by(deliveries.c.id)
    )
    found: dict[int, list[DeliveryRecord]] = {}
    for row in connection.execute(query):
        found.setdefault(row.alert_id, []).append(delivery_from(row))
    return found


def delivery_from(row: Row[Any]) -> DeliveryRecord:
    """Read a row of the deliveries table."""
    return DeliveryRecord(
        id=DeliveryId(row.id),
        alert_id=AlertId(row.alert_id),
        receiver=row.receiver,
        state=DeliveryState(row.state),
        attempts=row.attempts,
        created_at=row.created_at,
        next_try_at=row.next_try_at,
        held=row.held,
        first_tried_at=row.first_tried_at,
        sent_at=row.sent_at,
        last_error=row.last_error,
        message=row.message,
        ambiguous=row.ambiguous,
    )


def _alert_from(row: Row[Any], sent: Sequence[DeliveryRecord]) -> AlertRecord:
    return AlertRecord(
        id=AlertId(row.id),
        topic=None if row.topic is None else TopicId(row.topic),
        story_id=None if row.story_id is None else StoryId(row.story_id),
        hit_id=None if row.hit_id is None else HitId(row.hit_id),
        reason=AlertReason(row.reason),
        detail=row.detail,
        score=row.score,
        created_at=row.created_at,
        deliveries=tuple(sent),
    )
