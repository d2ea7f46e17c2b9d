"""Upkeep: look at told pages again, notice the watcher's own troubles, notice unusual numbers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from watcher.decide.alerting import AlertCandidate, route
from watcher.decide.notices import Cause, NoticeDecision, settle
from watcher.decide.polls import ScheduleState, expected_silence
from watcher.decide.volume import Gaps, silence, spike
from watcher.model import AlertReason, FeedState, HitKind, TopicId, TopicSpec
from watcher.pipeline.context import Context
from watcher.pipeline.telling import pending
from watcher.storage import AlertOutcome, CheckOutcome, Deciding, FeedRecord

DISK_FLOOR = 200_000_000
"""Bytes that must stay free: below, nothing new is fetched, but what is stored is still sent."""
NO_POLL = timedelta(hours=1)
BROKEN_SHARE = 0.8
BROKEN_LEAST = 5
"""Of at least so many pages of a publisher in a day, this share could not be read."""
HISTORY_DAYS = 29
DAY = timedelta(days=1)
YOUNG = timedelta(days=8)
"""A topic that was watched for less has no usual volume or silence yet."""
ONE_ARRIVAL = timedelta(minutes=15)
SPIKE = "spike:"
"""Causes of this kind are the readers' matter, not the operator's."""
MISSED_NAMED = 5
"""Feeds with a missed window that a notice names."""
KNOWN_FEED = timedelta(days=7)
"""A feed that was watched for less has no usual silence yet."""


class Upkeep:
    """What is done once a minute."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._started = context.clock()

    async def run(self) -> None:
        """Queue edit checks, tell the operator what began and what ended, tell of spikes."""
        await self._context.stored(self._queue_checks)
        await self._context.stored(self._tell_operator)
        await self._context.stored(self._tell_spikes)
        await self._context.workers.rest()

    def _queue_checks(self) -> None:
        now = self._context.clock()
        due = self._context.store.upkeep.due_checks(now=now)
        if not due:
            return
        # Late, as below: a pass that finds nothing doesn't need the stories.
        from watcher.stories.revision import checks_due, next_check

        outcomes = []
        for check in due:
            done = checks_due(check.first_seen_at, now)
            following = next_check(check.first_seen_at, done, now)
            outcomes.append(CheckOutcome(check=check, checks=done, next_check_at=following))
        self._context.store.upkeep.queue_checks(outcomes, now=now)

    def _tell_operator(self) -> None:
        store, now = self._context.store, self._context.clock()
        known = {
            key: cause for key, cause in store.upkeep.causes().items() if not key.startswith(SPIKE)
        }
        decision = settle(self.troubles(now), known, now=now)
        if not decision.keep:
            return
        with store.decisions.deciding() as tx:
            store.upkeep.keep_causes(tx.connection, decision.keep)
            if decision.begun or decision.ended:
                self._save_notice(tx, decision, now)

    def troubles(self, now: datetime) -> dict[str, str]:
        """What is wrong now: stable key -> one line for people."""
        store = self._context.store
        feeds = [feed for feed in store.feeds.all() if feed.state != FeedState.PAUSED]
        found = dict(line for feed in feeds if (line := feed_trouble(feed, now)) is not None)
        if missed := missed_windows(feeds, now):
            found["missed-windows"] = missed
        for receiver, number in store.upkeep.dead_by_receiver().items():
            found[f"dead:{receiver}"] = (
                f"{number} {'delivery' if number == 1 else 'deliveries'} to {receiver} "
                f"{'was' if number == 1 else 'were'} given up; see `watcher alerts --dead`"
            )
        for publisher, (tried, failed) in store.upkeep.extraction(now=now).items():
            if tried >= BROKEN_LEAST and failed / tried >= BROKEN_SHARE:
                found[f"extraction:{publisher}"] = (
                    f"{failed} of {tried} pages of {publisher} could not be read in a day"
                )
        free = disk_free(self._context)
        if free is not None and free < DISK_FLOOR:
            found["disk"] = (
                f"only {free // 1_000_000} MB free: polling stops, alerts are still sent"
            )
        polled = [feed.last_polled_at for feed in feeds if feed.last_polled_at]
        quiet_since = max([*polled, self._started])
        overdue = any(feed.next_poll_at < now - NO_POLL for feed in feeds)
        if overdue and now - quiet_since > NO_POLL:
            found["no-poll"] = f"no feed was polled since {quiet_since:%Y-%m-%d %H:%M} UTC"
        if not overdue and now - self._started > NO_POLL:  # else it is ours, not the topic's
            found |= dict(
                line for topic in self._context.wishes.topics if (line := self._silent(topic, now))
            )
        return found

    def _silent(self, topic: TopicSpec, now: datetime) -> tuple[str, str] | None:
        """A topic of which nothing is heard for longer than is usual: perhaps a blind spot."""
        upkeep = self._context.store.upkeep
        first = upkeep.first_hit_at(topic.id, kind=HitKind.HIT)
        if first is None or now - first < YOUNG:
            return None
        seen = upkeep.latest_hits(topic.id)
        arrivals = arrivals_of(seen)
        if len(arrivals) < 2:
            return None
        gaps = Gaps.of(after - before for before, after in pairwise(arrivals))
        rate = topic.false_alarm_rate / gaps.a_day
        found = silence(gaps, now - seen[-1], subject=topic.name, false_alarm_rate=rate)
        return None if found is None else (f"silent-topic:{topic.id}", found.sentence)

    def _save_notice(self, tx: Deciding, decision: NoticeDecision, now: datetime) -> None:
        lines = [cause.detail for cause in decision.begun]
        lines += [f"over: {_ended(cause)}" for cause in decision.ended]
        keys = ",".join(cause.key for cause in (*decision.begun, *decision.ended))
        self._save(
            tx,
            AlertCandidate(reason=AlertReason.OPERATOR),
            once=f"operator:{now.timestamp():.0f}:{keys}"[:160],
            detail="\n".join(lines),
            now=now,
        )

    def _tell_spikes(self) -> None:
        """Once for as long as a topic's volume stays unusual: it is so for a day after each burst."""
        store, now = self._context.store, self._context.clock()
        found = {
            f"{SPIKE}{topic.id}": sentence
            for topic in self._context.wishes.topics
            if (sentence := self._spike(topic, now)) is not None
        }
        known = {
            key: cause for key, cause in store.upkeep.causes().items() if key.startswith(SPIKE)
        }
        decision = settle(found, known, now=now)
        if not decision.keep:
            return
        with store.decisions.deciding() as tx:
            store.upkeep.keep_causes(tx.connection, decision.keep)
            for cause in decision.begun:
                topic_id = TopicId(cause.key.removeprefix(SPIKE))
                self._save(
                    tx,
                    AlertCandidate(reason=AlertReason.SPIKE, topic=topic_id, score=100.0),
                    once=f"{cause.key}:{now.timestamp():.0f}",
                    detail=cause.detail,
                    now=now,
                )

    def _spike(self, topic: TopicSpec, now: datetime) -> str | None:
        first = self._context.store.upkeep.first_hit_at(topic.id)
        if first is None or now - first < YOUNG:
            return None
        days = min(HISTORY_DAYS, (now - first).days)
        today, *earlier = self._context.store.upkeep.daily_hits(topic.id, now=now, days=days)
        rate = topic.false_alarm_rate
        found = spike(earlier, today, subject=topic.name, false_alarm_rate=rate, sliding=True)
        return None if found is None else found.sentence

    def _save(
        self, tx: Deciding, candidate: AlertCandidate, *, once: str, detail: str, now: datetime
    ) -> None:
        wishes = self._context.wishes
        routings = route(candidate, wishes.receivers, now=now, operator=wishes.operator)
        tx.save_alert(
            AlertOutcome(
                once=once,
                reason=candidate.reason,
                created_at=now,
                topic=candidate.topic,
                detail=detail,
                score=candidate.score,
                deliveries=pending(routings),
            )
        )


def arrivals_of(seen: Sequence[datetime]) -> list[datetime]:
    """When something came, from the times of hits, oldest first: what one poll brings came at once."""
    arrivals: list[datetime] = []
    for at in seen:
        # Not since the hit before: a hit every ten minutes would be a single arrival of years.
        if not arrivals or at - arrivals[-1] > ONE_ARRIVAL:
            arrivals.append(at)
    return arrivals


def _ended(cause: Cause) -> str:
    return f"{cause.detail} (since {cause.since:%Y-%m-%d %H:%M} UTC)"


def feed_trouble(feed: FeedRecord, now: datetime) -> tuple[str, str] | None:
    """A feed that fails for long, or is silent for longer than is usual for it."""
    state = ScheduleState.from_json(feed.schedule)
    # Noticed although not failing: held back for so long by what its site said to others.
    if feed.state in (FeedState.OK, FeedState.FAILING) and state.noticed:
        since = f" since {state.failing_since:%Y-%m-%d %H:%M} UTC" if state.failing_since else ""
        detail = feed.last_error_detail or feed.last_error or ""
        where = "" if feed.address == feed.spec.url else f" (at {feed.address})"
        return f"feed:{feed.id}", f"feed {feed.spec.name} fails{since}: {detail}{where}"
    longest = expected_silence(state, false_alarm_rate=feed.spec.false_alarm_rate)
    known_for = now - (feed.first_polled_at or now)
    if (
        feed.state == FeedState.OK
        and known_for >= KNOWN_FEED
        and longest is not None
        and state.last_new_at is not None
    ):
        silent = now - state.last_new_at
        if silent > longest:
            return (
                f"silent:{feed.id}",
                f"feed {feed.spec.name} has brought nothing new for {silent.days} days, "
                "which is unusual for it",
            )
    return None


def missed_windows(feeds: Sequence[FeedRecord], now: datetime) -> str | None:
    """Feeds that lately kept nothing of the poll before: entries may have come and gone between."""
    names = [
        feed.spec.name
        for feed in feeds
        if feed.state in (FeedState.OK, FeedState.FAILING)
        and (missed_at := ScheduleState.from_json(feed.schedule).missed_at) is not None
        and now - missed_at < DAY
    ]
    if not names:
        return None
    shown = ", ".join(names[:MISSED_NAMED])
    more = f" and {len(names) - MISSED_NAMED} more" if len(names) > MISSED_NAMED else ""
    return f"entries of {shown}{more} may have been missed between two polls; see `watcher feeds`"


def disk_free(context: Context) -> int | None:
    """Bytes free where the SQLite file lies; None for a database server."""
    path = context.store.path
    return None if path is None else context.disk_free(path.parent)
