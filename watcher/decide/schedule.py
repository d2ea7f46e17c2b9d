"""When to poll a feed again: about four polls for each new entry, hints and failures respected.

The interval follows how often entries appear: a quarter of the usual gap between two, where "usual"
is the busier of the last hours and the last week. A poll that brings mostly entries never seen
before shortens it further, so that nothing scrolls out of the feed unseen between two polls. What
the server asks for (Cache-Control, Expires, ttl, skipHours, skipDays) lengthens it, but none of it
so far that entries would be lost. A fixed ``every`` wins over all of this. Retry-After always counts.

Numbers that others found first: weights and linear backoff, Media Cloud's rss-fetcher; slower with
idle days, CommaFeed; the larger of all hints, miniflux.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from watcher.decide.polls import DAY, POLLS_PER_ENTRY, PollFacts, ScheduleState, remember
from watcher.model import FailureReason

_HOUR_S = 3600.0
_IDLE_CEILINGS = (
    (timedelta(days=7), timedelta(hours=2)),
    (timedelta(days=14), timedelta(hours=4)),
    (timedelta(days=30), timedelta(hours=8)),
    (timedelta(days=60), timedelta(hours=16)),
)
"""While the last new entry is not older than the first, wait no longer than the second."""

_NOTICE_FAILURES = 3.0
_NOTICE_ANYWAY = DAY
"""A feed that is rarely polled takes long to fail often."""
_FAILING_SHARE = 8
"""A feed that has failed for so long is tried again after one part in this many of that time."""
_MAX_RETRY = DAY

_FULL_AFTER_POLLS = 24
_FULL_AFTER_POLLS_OLD = 6
"""Enough when the last body is over a day old."""
_FULL_AFTER = 2 * DAY
"""Enough for a feed that is polled once a day."""
_SPREAD = 0.1
_MAX_SPREAD = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleLimits:
    """The user's bounds."""

    min_every: timedelta = timedelta(minutes=10)
    max_every: timedelta = DAY
    notice_after: timedelta = timedelta(hours=6)
    """How long a feed must have been failing before the operator hears of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleDecision:
    """When to poll next, and what to do about what was seen."""

    next_poll_at: datetime
    interval: timedelta
    """The wait before it was spread out a little."""
    state: ScheduleState
    notes: tuple[str, ...] = ()
    """``missed-window``, ``moved``, ``gone``."""
    unconditional: bool = False
    """Poll without validators next time."""
    move_to: str | None = None
    """Take this address from now on: it was pointed to permanently, for a day at least."""
    move_back: bool = False
    """Where it was moved to it fails for a day: take the address that the user wrote again."""


def next_poll(
    state: ScheduleState,
    poll: PollFacts,
    *,
    now: datetime,
    limits: ScheduleLimits,
    jitter: float,
) -> ScheduleDecision:
    """Decide after a poll. ``jitter`` is a random number in [0, 1) and only ever adds time.

    The next poll is after ``now`` and Retry-After (of which at most 24 hours count), and within 25
    hours and a bit, or within a longer ``every`` that the user fixed.
    """
    learnt = remember(state, poll, now)
    if poll.reason is not None:
        return _after_failure(learnt, poll, now=now, limits=limits, jitter=jitter)
    interval = poll.every or _adaptive(learnt, now, limits)
    wait = interval if poll.every else _hinted(interval, learnt, poll, limits)
    wait = max(wait, _asked_to_wait(poll))
    spread = _spread(wait)
    if not poll.every:
        wait = max(wait, min(_skip(now, wait, learnt), _safe(learnt, limits)))
        spread = _before_skip(now + wait, spread, learnt)
    moved = learnt.moved_to if learnt.has_moved(now) else None
    notes = [note for note, seen in (("missed-window", poll.missed), ("moved", moved)) if seen]
    return ScheduleDecision(
        next_poll_at=now + wait + spread * jitter,
        interval=wait,
        state=replace(learnt, interval_s=interval.total_seconds()),
        notes=tuple(notes),
        unconditional=_wants_body(learnt, now + wait),
        move_to=moved,
    )


def _adaptive(state: ScheduleState, now: datetime, limits: ScheduleLimits) -> timedelta:
    idle = now - (state.last_new_at or now)
    ceiling = next((most for age, most in _IDLE_CEILINGS if idle <= age), limits.max_every)
    wait = min(ceiling.total_seconds(), _HOUR_S / max(state.per_hour * POLLS_PER_ENTRY, 1e-6))
    if state.room_s is not None:
        wait = min(wait, state.room_s)
    return _clamp(timedelta(seconds=wait), limits)


def _hinted(
    interval: timedelta,
    state: ScheduleState,
    poll: PollFacts,
    limits: ScheduleLimits,
) -> timedelta:
    """The interval after what server and feed ask for, as far as nothing is lost by it."""
    ttl = timedelta(seconds=min(state.ttl_s or 0.0, 1e8))
    asked = min(max(poll.max_age or ttl, ttl), _safe(state, limits))
    return max(interval, _clamp(asked, limits))


def _safe(state: ScheduleState, limits: ScheduleLimits) -> timedelta:
    """How long a hint may make us wait: until half of what the feed keeps has been replaced."""
    hours = limits.max_every.total_seconds() / _HOUR_S
    if state.keeps:
        hours = min(hours, state.keeps / 2 / max(state.per_hour, 1e-6))
    if state.room_s is not None:
        hours = min(hours, state.room_s / _HOUR_S)
    return timedelta(hours=hours)


def _skip(now: datetime, wait: timedelta, state: ScheduleState) -> timedelta:
    """Move a poll out of the hours and days in which the publisher says that nothing comes."""
    at = (now + wait).astimezone(UTC)
    for _ in range(7 * 24):
        if not _skipped(at, state):
            return at - now
        at = _next_hour(at)
    return wait  # all of the week, which can't be meant


def _before_skip(at: datetime, spread: timedelta, state: ScheduleState) -> timedelta:
    """As much of the spread as does not reach into an hour to be left out."""
    hour = _next_hour(at.astimezone(UTC))
    return min(spread, hour - at) if _skipped(hour, state) and not _skipped(at, state) else spread


def _skipped(at: datetime, state: ScheduleState) -> bool:
    at = at.astimezone(UTC)
    return at.hour in state.skip_hours or at.weekday() in state.skip_days


def _next_hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)


def _after_failure(
    failed: ScheduleState,
    poll: PollFacts,
    *,
    now: datetime,
    limits: ScheduleLimits,
    jitter: float,
) -> ScheduleDecision:
    gone = failed.has_gone(now)
    if poll.reason is FailureReason.HELD_BACK and poll.retry_after:
        # It was not asked: no failure to back off from, and its turn is when its site's wait is over.
        wait = _asked_to_wait(poll)
    else:
        wait = _MAX_RETRY if gone else _backoff(failed, poll, now, limits)
        wait = max(wait, poll.every or wait, _asked_to_wait(poll))
    failing_for = now - (failed.failing_since or now)
    often = failed.failures >= _NOTICE_FAILURES and failing_for >= limits.notice_after
    # Everybody else was told "too many" at the same time and will come back at the same time.
    crowded = poll.reason is FailureReason.HTTP_429
    spread = min(wait, _MAX_SPREAD) if crowded else _spread(wait)
    return ScheduleDecision(
        next_poll_at=now + wait + spread * jitter,
        interval=wait,
        state=replace(
            failed, noticed=failed.noticed or gone or often or failing_for >= _NOTICE_ANYWAY
        ),
        notes=("gone",) if gone else (),
        move_back=failing_for >= DAY and poll.reason is not FailureReason.HELD_BACK,
    )


def _backoff(
    state: ScheduleState, poll: PollFacts, now: datetime, limits: ScheduleLimits
) -> timedelta:
    """Linear in the weighted failures, and never often for a feed that has been dead for long.

    The first tries follow each other sooner: most failures are short, and often our own line.
    """
    usual = poll.every or _clamp(timedelta(seconds=state.interval_s), limits)
    failing_for = now - (state.failing_since or now)
    soon = limits.min_every * 2 ** min(2 * state.failures, 10.0)
    wait = min(usual * (1 + state.failures), soon)
    wait = max(wait, failing_for / _FAILING_SHARE, limits.min_every)
    return min(wait, _MAX_RETRY)


def _asked_to_wait(poll: PollFacts) -> timedelta:
    return max(timedelta(), min(poll.retry_after or timedelta(), _MAX_RETRY))


def _wants_body(state: ScheduleState, next_poll_at: datetime) -> bool:
    """Whether it is time to ask without validators: some servers say 304 whatever happens."""
    age = next_poll_at - (state.body_at or next_poll_at)
    return (
        state.unmodified_polls >= _FULL_AFTER_POLLS
        or (state.unmodified_polls >= _FULL_AFTER_POLLS_OLD and age >= DAY)
        or (state.unmodified_polls > 0 and age >= _FULL_AFTER)
    )


def _spread(wait: timedelta) -> timedelta:
    return min(wait * _SPREAD, _MAX_SPREAD)


def _clamp(wait: timedelta, limits: ScheduleLimits) -> timedelta:
    return max(limits.min_every, min(wait, limits.max_every))
