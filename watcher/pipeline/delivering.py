"""Deliver: lease what is due, send one message per receiver, record what became of it."""

from __future__ import annotations

import asyncio
import logging
import math
import random
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from watcher.decide.alerting import takes_language
from watcher.decide.backoff import delivery_retry
from watcher.decide.when import Held, breaks_through, parse_when, quiet_hold, rate_hold
from watcher.model import AlertReason, DeliveryId, HitId, ReceiverSpec, StoryId
from watcher.notify import (
    Message,
    MessageKind,
    Notice,
    Other,
    Outcome,
    SendResult,
    strength,
)
from watcher.pipeline.context import Context, Tally
from watcher.storage import AlertRecord, Batch, DeliveryRecord, HitRecord

SEND_LEASE = timedelta(seconds=120)
"""Longer than any send may take (30 s), so that a live sender is never overtaken."""
LOOK_AGAIN = 1.0
"""Seconds between two looks for receivers that became due while others are being served."""
FULL_STORIES = 20
"""Told in full in one message, the best; the others are "and 14 more", a line each. A template of
the receiver's own gets all of them in full: it may know nothing of the others."""
FOLLOW_UPS = 20
"""Articles of stories told before that a digest names."""
FOLLOW_UPS_LOOKED_AT = 10 * FOLLOW_UPS
"""To find that many in the receiver's languages."""
NOT_CONFIGURED = "this receiver is no longer in the configuration"
OTHERS = 8
"""Other articles of a story named in a notice."""

_log = logging.getLogger(__name__)


class Delivering:
    """Sends pending deliveries. Receivers never wait for each other."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._failing: set[str] = set()
        self._failures_shown = False

    async def run(self, tally: Tally, *, failures_shown: bool = False) -> int:
        """Send what is due to every receiver; returns how many messages were tried.

        What becomes due meanwhile is sent too: a receiver that hangs holds up only its own.
        ``failures_shown``: the caller prints the tally's failures, which the log need not repeat.
        """
        self._failures_shown = failures_shown
        lanes: dict[str, asyncio.Task[int]] = {}
        ended: list[asyncio.Task[int]] = []
        looked = -math.inf
        try:
            while True:
                if time.monotonic() - looked >= LOOK_AGAIN:
                    for name in await self._due():
                        if name not in lanes:
                            lanes[name] = asyncio.create_task(self._serve(name, tally))
                    looked = time.monotonic()
                if not lanes:
                    return sum([task.result() for task in ended])
                await asyncio.wait(
                    lanes.values(), timeout=LOOK_AGAIN, return_when=asyncio.FIRST_COMPLETED
                )
                for name in [name for name, task in lanes.items() if task.done()]:
                    ended.append(lanes.pop(name))
                # After a fault nothing more is begun; those at work end first.
                if any(task.exception() for task in ended):
                    looked = math.inf
        finally:
            for task in lanes.values():
                task.cancel()
            await asyncio.gather(*lanes.values(), return_exceptions=True)

    async def _due(self) -> list[str]:
        if self._context.stopping.is_set():
            return []
        context = self._context
        return await context.stored(context.store.outbox.receivers_due, now=context.clock())

    async def _serve(self, name: str, tally: Tally) -> int:
        """Everything due for one receiver, message after message."""
        tried = 0
        while not self._context.stopping.is_set():
            batch = await self._claim(name)
            if batch is None:
                return tried
            receiver = self._context.wishes.receiver(name)
            if receiver is None:
                await self._give_up(name, batch, NOT_CONFIGURED, tally)
                continue
            message = await self._prepare(receiver, batch)
            if message is None:
                continue  # it is due later; other messages may go now
            await self._send(receiver, batch, message, tally)
            tried += 1
        return tried

    async def _give_up(self, name: str, batch: Batch, error: str, tally: Tally) -> None:
        ids = [delivery.id for delivery in batch.deliveries]
        await self._context.stored(self._context.store.outbox.record_dead, ids, error=error)
        tally.undelivered += len(ids)
        tally.given_up += len(ids)
        tally.failure(name, error)
        self._log_failure(name, error)

    async def _claim(self, name: str) -> Batch | None:
        """A stop that comes during a claim gives back what the claim brings."""
        context = self._context
        claiming = asyncio.ensure_future(
            context.stored(context.store.outbox.claim, name, now=context.clock(), lease=SEND_LEASE)
        )
        try:
            return await asyncio.shield(claiming)
        except asyncio.CancelledError:
            batch = await claiming
            if batch is not None:
                await self._give_back(batch)
            raise

    async def _prepare(self, receiver: ReceiverSpec, batch: Batch) -> Message | None:
        """The message, or None where the receiver must wait for it."""
        try:
            if await self._hold(receiver, batch):
                return None
            return await self._context.stored(self._compose, receiver, batch)
        except asyncio.CancelledError:
            await asyncio.shield(self._give_back(batch))
            raise

    async def _give_back(self, batch: Batch) -> None:
        ids = [delivery.id for delivery in batch.deliveries]
        await self._context.stored(self._context.store.outbox.give_back, ids)

    async def _hold(self, receiver: ReceiverSpec, batch: Batch) -> bool:
        """In its quiet hours, or over its hourly share: what is new waits for the next message."""
        context = self._context
        now = context.clock()
        ids = [delivery.id for delivery in batch.deliveries]
        wake = quiet_hold(receiver, now)
        if wake is not None and not await context.stored(self._may_disturb, receiver, batch):
            await context.stored(context.store.outbox.postpone, ids, at=wake, held=Held.QUIET)
            return True
        sent, oldest = await context.stored(
            context.store.outbox.sent_messages, receiver.name, since=now - timedelta(hours=1)
        )
        until = rate_hold(receiver, sent_last_hour=sent, oldest=oldest, now=now)
        if until is None:
            return False
        await context.stored(context.store.outbox.postpone, ids, at=until, held=Held.RATE)
        return True

    def _may_disturb(self, receiver: ReceiverSpec, batch: Batch) -> bool:
        """Something in it ignores the quiet hours, or a person asked for it (``alerts retry``)."""
        if any(
            delivery.asked_for or _rings_anyway(receiver, delivery) for delivery in batch.deliveries
        ):
            return True
        ids = {delivery.alert_id for delivery in batch.deliveries}
        return any(
            breaks_through(receiver, alert.score, alert.reason is AlertReason.STAGE_CHANGE)
            for alert in self._context.store.outbox.alerts(ids=ids, limit=len(ids))
        )

    async def _send(
        self, receiver: ReceiverSpec, batch: Batch, message: Message, tally: Tally
    ) -> None:
        try:
            result = await self._context.notifier.send(receiver, message)
        except asyncio.CancelledError:
            # The message may be out: it is tried again after a while, and the repeat says so.
            stopped = SendResult(outcome=Outcome.RETRY, ambiguous=True, detail="stopped")
            await asyncio.shield(self._record(receiver, batch, stopped, tally))
            raise
        except Exception as error:
            _log.exception("receiver %s: unexpected fault", receiver.name)
            result = SendResult(outcome=Outcome.RETRY, ambiguous=True, detail=type(error).__name__)
        await self._record(receiver, batch, result, tally)

    async def _record(
        self, receiver: ReceiverSpec, batch: Batch, result: SendResult, tally: Tally
    ) -> None:
        context, outbox, now = self._context, self._context.store.outbox, self._context.clock()
        if result.accepted and result.outcome is not Outcome.SENT:
            await context.stored(outbox.keep_accepted, batch, result.accepted, now=now)
        everything = {delivery.id for delivery in batch.deliveries}
        sent = everything if result.outcome is Outcome.SENT else everything & set(result.sent)
        left = sorted(everything - sent)
        if sent:
            # Of a receiver's own template that failed, say: the built-in one told it instead.
            remark = result.detail if result.outcome is Outcome.SENT else ""
            await context.stored(outbox.record_sent, sorted(sent), now=now, remark=remark or None)
            if remark:
                _log.warning("receiver %s: sent, but: %s", receiver.name, remark)
            tally.sent += len(sent)
            tally.messages += 1
            context.progress("deliver", len(sent))
        if not left:
            self._failing.discard(receiver.name)
            return
        tally.undelivered += len(left)
        tally.failure(receiver.name, result.detail or str(result.outcome))
        self._log_failure(receiver.name, result.detail or str(result.outcome))
        if result.outcome is Outcome.PERMANENT:
            await context.stored(outbox.record_dead, left, error=result.detail)
            tally.given_up += len(left)
            return
        if not await self._retry_later(batch, left, result, now):
            tally.given_up += len(left)

    def _log_failure(self, name: str, why: str) -> None:
        """The first one of a row warns; that it goes on is no news."""
        known = name in self._failing
        self._failing.add(name)
        level = logging.INFO if known or self._failures_shown else logging.WARNING
        _log.log(level, "receiver %s: %s", name, why)

    async def _retry_later(
        self, batch: Batch, left: Sequence[DeliveryId], result: SendResult, now: datetime
    ) -> bool:
        """Whether there is a next try; what was tried for too long is given up."""
        outbox = self._context.store.outbox
        first = min(d.first_tried_at or now for d in batch.deliveries)
        at = delivery_retry(
            max(d.attempts for d in batch.deliveries),
            first,
            now,
            result.retry_after,
            random.random(),  # noqa: S311  # spreads load, guards nothing
        )
        if at is None:
            error = f"given up after {(now - first).days} days: {result.detail}"
            await self._context.stored(outbox.record_dead, left, error=error)
        else:
            await self._context.stored(
                outbox.record_retry, left, at=at, error=result.detail, ambiguous=result.ambiguous
            )
        return at is not None

    def _compose(self, receiver: ReceiverSpec, batch: Batch) -> Message:
        """The message for these deliveries, best first."""
        store = self._context.store
        alerts = {
            alert.id: alert
            for alert in store.outbox.alerts(
                ids={delivery.alert_id for delivery in batch.deliveries}, limit=1_000
            )
        }
        hits = store.review.hits_by_ids(
            {alert.hit_id for alert in alerts.values() if alert.hit_id is not None}
        )
        stories = store.review.hits_of_stories(
            {hit.story_id for hit in hits.values() if hit.story_id is not None}
        )
        lines = []
        notes = []
        for delivery in batch.deliveries:
            alert = alerts[delivery.alert_id]
            hit = hits.get(alert.hit_id) if alert.hit_id is not None else None
            line = None
            if hit is not None:
                siblings = stories.get(hit.story_id, []) if hit.story_id is not None else []
                others = [other for other in siblings if other.id not in hits]
                line = self._safe_notice(delivery.id, alert, hit, others)
            if line is None:
                told = alert.detail or f"alert {alert.id}; see `watcher alerts show {alert.id}`"
                notes.append((delivery.id, told))
            else:
                lines.append(line)
        lines.sort(key=lambda line: (line.reason is not AlertReason.STAGE_CHANGE, -line.score))
        topics = {line.topic for line in lines}
        room = len(lines) if receiver.template else FULL_STORIES
        full = set(list(dict.fromkeys(map(_told_of, lines)))[:room])
        operator = not lines
        repeated = any(delivery.attempts > 1 for delivery in batch.deliveries)
        # Each line is a matter of its own: a paragraph would run them together.
        said = [line for _id, text in notes for line in text.splitlines() if line.strip()]
        return Message(
            message_id=batch.message,
            receiver=receiver.name,
            topic=topics.pop() if len(topics) == 1 else "",
            kind=_kind(operator, len(lines)),
            lines=tuple(line for line in lines if _told_of(line) in full),
            brief=tuple(line for line in lines if _told_of(line) not in full),
            follow_ups=self._follow_ups(receiver, stories) if lines else (),
            body=tuple(said),
            subject=_subject(said) if operator and said else "",
            delivery_ids=tuple(identity for identity, _text in notes),
            possible_repeat=batch.repeat,
            accepted=store.outbox.accepted(batch) if repeated else (),
            timezone=receiver.timezone,
        )

    def _follow_ups(self, receiver: ReceiverSpec, told: Collection[StoryId]) -> tuple[Other, ...]:
        """What a digest names of stories that it doesn't tell, what brings most to them first."""
        if parse_when(receiver.when).at_once:
            return ()
        store = self._context.store
        ids = store.outbox.follow_ups(
            receiver.name, min_score=receiver.min_score, limit=FOLLOW_UPS_LOOKED_AT
        )
        found = store.review.hits_by_ids(ids)
        hits = [found[hit] for hit in ids if hit in found]  # one may have gone meanwhile
        wanted = [
            hit for hit in hits if hit.story_id not in told and takes_language(receiver, hit.lang)
        ]
        wanted.sort(key=lambda hit: -_how_new(hit))
        return tuple(map(_follow_up, wanted[:FOLLOW_UPS]))

    def _safe_notice(
        self,
        delivery_id: DeliveryId,
        alert: AlertRecord,
        hit: HitRecord,
        others: Sequence[HitRecord],
    ) -> Notice | None:
        """None where the notice can't be made: the others in its message must not suffer."""
        try:
            return self._notice(delivery_id, alert, hit, others)
        except Exception:
            _log.exception("alert %d: its notice can't be written", alert.id)
            return None

    def _notice(
        self,
        delivery_id: DeliveryId,
        alert: AlertRecord,
        hit: HitRecord,
        others: Sequence[HitRecord],
    ) -> Notice:
        spec = self._context.wishes.topic(hit.topic)
        novelty = (hit.novelty or {}).get("sentences", ())
        return Notice(
            headline=hit.title,
            url=hit.url,
            publisher=hit.publisher,
            score=hit.score,
            delivery_id=delivery_id,
            reason=alert.reason,
            topic=spec.name if spec else hit.topic,
            topic_id=hit.topic,
            lang=hit.lang,
            published_at=hit.published_at,
            first_seen_at=hit.first_seen_at,
            word=strength(hit.score, hit.threshold),
            why="; ".join(hit.reasons[:3]),
            sentences=hit.sentences,
            matched=hit.matched,
            novelty=_leading(map(str, novelty), hit.matched),
            change=tuple(alert.detail.splitlines()),
            publishers=tuple(
                dict.fromkeys(o.publisher for o in others if o.publisher != hit.publisher)
            ),
            others=tuple(_other(other) for other in others[:OTHERS]),
            stage=_stage_name(spec, hit.stage),
            partial=hit.partial,
            hit_id=HitId(hit.id),
            story_id=hit.story_id,
        )


def _leading(novelty: Iterable[str], matched: Collection[str]) -> tuple[str, ...]:
    """What is new, first the sentence that names most of the topic: one may be full of new figures,
    and tell nothing to who has not yet read what they are of."""
    forms = {form.casefold() for form in matched}
    return tuple(sorted(novelty, key=lambda said: -sum(form in said.casefold() for form in forms)))


def _other(hit: HitRecord) -> Other:
    return Other(
        headline=hit.title,
        publisher=hit.publisher,
        url=hit.url,
        lang=hit.lang,
        hit_id=hit.id,
    )


def _follow_up(hit: HitRecord) -> Other:
    sentences = (hit.novelty or {}).get("sentences", ())
    return replace(_other(hit), new=str(sentences[0]) if sentences else "")


def _how_new(hit: HitRecord) -> float:
    found = hit.novelty or {}
    return float(found.get("score", 0.0)) if found.get("sentences") else 0.0


def _told_of(line: Notice) -> tuple[str, int]:
    """What a notice is about: its story, or itself."""
    if line.story_id is None:
        return "delivery", line.delivery_id
    return "story", line.story_id


def _stage_name(spec: object, stage: str | None) -> str:
    if stage is None:
        return ""
    stages = getattr(spec, "stages", ())
    return next((known.name for known in stages if known.id == stage), stage)


def _rings_anyway(receiver: ReceiverSpec, delivery: DeliveryRecord) -> bool:
    """Whether routing, which knows the quiet hours, made it due in the midst of them."""
    if delivery.held is not None or delivery.attempts > 1 or delivery.next_try_at is None:
        return False
    return quiet_hold(receiver, delivery.next_try_at) is not None


def _subject(said: Sequence[str]) -> str:
    more = f" (and {len(said) - 1} more)" if len(said) > 1 else ""
    return f"watcher: {said[0][:120]}{more}"


def _kind(operator: bool, lines: int) -> MessageKind:
    if operator:
        return MessageKind.OPERATOR
    return MessageKind.SINGLE if lines == 1 else MessageKind.DIGEST
