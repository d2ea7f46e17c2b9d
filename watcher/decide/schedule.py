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

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from watcher.decide import volume
from watcher.model import FailureReason, check_aware

DAY = timedelta(days=1)
_HOUR_S = 3600.0
_FAST_S = 6 * _HOUR_S
_SLOW_S = 7 * 24 * _HOUR_S
_POLLS_PER_ENTRY = 4
_FIRST_INTERVAL = timedelta(hours=1)
_IDLE_CEILINGS = (
    (timedelta(days=7), timedelta(hours=2)),
    (timedelta(days=14), timedelta(hours=4)),
    (timedelta(days=30), timedelta(hours=8)),
    (timedelta(days=60), timedelta(hours=16)),
)
"""While the last new entry is not older than the first, wait no longer than the second."""

_MOSTLY_NEW = 2 / 3
_MIN_WINDOW = 3
"""Feeds that keep fewer entries replace all of them all the time."""
_ROOM_DOUBLES = 10 * DAY

_SOFT = 0.5
_LOOKUP = 0.25
_WEIGHTS = {
    FailureReason.DNS: _LOOKUP,  # most often our own line
    FailureReason.TIMEOUT: _SOFT,
    FailureReason.EMPTY: _SOFT,
    FailureReason.HTTP_404: _SOFT,
    FailureReason.HTTP_429: _SOFT,
    FailureReason.HTTP_5XX: _SOFT,
    FailureReason.HELD_BACK: 0.0,  # it was not even asked
}
_CROWDED = (FailureReason.HTTP_429, FailureReason.HELD_BACK)
_NOTICE_FAILURES = 3.0
_NOTICE_ANYWAY = DAY
"""A feed that is rarely polled takes long to fail often."""
_FAILING_SHARE = 8
"""A feed that has failed for so long is tried again after one part in this many of that time."""
_MAX_RETRY = DAY
_MAX_FAILURES = 1000.0

_CONFIRM_POLLS = 3
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
class PollFacts:
    """What one poll showed."""

    reason: FailureReason | None = None
    """Why it failed; None: it did not."""
    not_modified: bool = False
    """The server said 304."""
    same_body: bool = False
    """It sent the same bytes as last time, so nothing was parsed."""
    new: int = 0
    """Entries of the body whose keys the feed's window did not have."""
    known: int = 0
    """Entries of the body whose keys it had, edited or not."""
    window: int = 0
    """Entries in the window before this poll; 0 at first sight."""
    oldest: datetime | None = None
    """Oldest and newest date that the entries of the body state: a first guess of its pace."""
    newest: datetime | None = None
    max_age: timedelta | None = None
    ttl: timedelta | None = None
    skip_hours: tuple[int, ...] = ()
    """Hours of the day, UTC, in which the publisher adds nothing."""
    skip_days: tuple[int, ...] = ()
    """Weekdays, Monday is 0, in which the publisher adds nothing."""
    retry_after: timedelta | None = None
    permanent_url: str | None = None
    every: timedelta | None = None
    """The interval that the user fixed."""

    def __post_init__(self) -> None:
        check_aware(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleState:
    """What to remember of a feed between polls; the defaults fit one never polled."""

    interval_s: float = _FIRST_INTERVAL.total_seconds()
    """The interval while all is well."""
    fast_per_hour: float = 0.0
    slow_per_hour: float = 0.0
    room_s: float | None = None
    """Longest interval that loses nothing, learnt from polls with mostly new entries."""
    polled_at: datetime | None = None
    """The last poll that worked."""
    last_new_at: datetime | None = None
    arrivals: int = 0
    """Polls after the first that brought something new; the gaps between them, as ``Gaps`` has it."""
    gap_mean_s: float = 0.0
    gap_square: float = 0.0
    gap_longest_s: float = 0.0
    failures: float = 0.0
    """Weighted, since the last poll that worked."""
    failing_since: datetime | None = None
    noticed: bool = False
    """It fails for so long, or so often, that the operator is to hear of it."""
    gone_polls: int = 0
    gone_since: datetime | None = None
    moved_to: str | None = None
    moved_polls: int = 0
    moved_since: datetime | None = None
    unmodified_polls: int = 0
    """304 answers since the last body."""
    body_at: datetime | None = None
    keeps: int = 0
    """Entries in the last body; with the next three, what still holds when there is no new one."""
    ttl_s: float | None = None
    skip_hours: tuple[int, ...] = ()
    skip_days: tuple[int, ...] = ()
    missed: int = 0
    """Windows missed so far: between two polls every entry had been replaced."""
    missed_at: datetime | None = None

    def __post_init__(self) -> None:
        check_aware(self)

    def to_json(self) -> dict[str, Any]:
        """What differs from a feed never polled, times as ISO text."""
        values: dict[str, Any] = {}
        for name, blank in _BLANK.items():
            value = getattr(self, name)
            if value != blank:
                values[name] = value.isoformat() if isinstance(value, datetime) else value
        return values

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The reverse; leaves out names it does not know, as older or newer versions may write."""
        values: dict[str, Any] = {}
        for name, value in data.items():
            if name not in _BLANK or value is None:
                continue
            if name in _TIMES:
                values[name] = datetime.fromisoformat(value)
            else:
                values[name] = tuple(value) if isinstance(value, list) else value
        return cls(**values)


# Once, and not at every poll: dataclasses looks its fields up anew each time it is asked.
_BLANK = {spec.name: spec.default for spec in fields(ScheduleState)}
_TIMES = frozenset(name for name in _BLANK if name.endswith(("_at", "_since")))


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
    if poll.reason is not None:
        return _after_failure(state, poll, now=now, limits=limits, jitter=jitter)
    learnt = _follow_move(_learn(state, poll, now), poll, now)
    interval = poll.every or _adaptive(learnt, now, limits)
    wait = interval if poll.every else _hinted(interval, learnt, poll, limits)
    wait = max(wait, _asked_to_wait(poll))
    spread = _spread(wait)
    if not poll.every:
        wait = max(wait, min(_skip(now, wait, learnt), _safe(learnt, limits)))
        spread = _before_skip(now + wait, spread, learnt)
    moved = learnt.moved_to if _confirmed(learnt.moved_polls, learnt.moved_since, now) else None
    notes = [note for note, seen in (("missed-window", _missed(poll)), ("moved", moved)) if seen]
    return ScheduleDecision(
        next_poll_at=now + wait + spread * jitter,
        interval=wait,
        state=replace(learnt, interval_s=interval.total_seconds()),
        notes=tuple(notes),
        unconditional=_wants_body(learnt, now + wait),
        move_to=moved,
    )


def expected_silence(state: ScheduleState, *, false_alarm_rate: float) -> timedelta | None:
    """After how long without a new entry something is probably wrong; None: too little is known.

    ``false_alarm_rate`` is the chance of a silence so long on a day on which nothing is wrong.
    """
    gaps = _gaps(state)
    limit = volume.expected_silence(gaps, false_alarm_rate=false_alarm_rate / gaps.a_day)
    return None if limit is None else max(DAY, limit)


def _gaps(state: ScheduleState) -> volume.Gaps:
    return volume.Gaps(
        number=max(0, state.arrivals - 1),
        mean=state.gap_mean_s,
        square=state.gap_square,
        longest=state.gap_longest_s,
    )


def _arrive(state: ScheduleState, now: datetime) -> ScheduleState:
    """Something new came. The gap before the first arrival is the publisher's claim, and not kept."""
    gaps = _gaps(state)
    if state.arrivals and state.last_new_at is not None:
        gaps = gaps.after(max(timedelta(), now - state.last_new_at))
    return replace(
        state,
        last_new_at=now,
        arrivals=gaps.number + 1,
        gap_mean_s=gaps.mean,
        gap_square=gaps.square,
        gap_longest_s=gaps.longest,
    )


# ------------------------------------------------------------------------------- it worked


def _learn(state: ScheduleState, poll: PollFacts, now: datetime) -> ScheduleState:
    paced = _meet(state, poll, now) if state.polled_at is None else _pace(state, poll, now)
    healthy = replace(
        paced,
        polled_at=now,
        failures=0.0,
        failing_since=None,
        noticed=False,
        gone_polls=0,
        gone_since=None,
        unmodified_polls=state.unmodified_polls + 1 if poll.not_modified else 0,
        body_at=(state.body_at or now) if poll.not_modified else now,
    )
    if poll.not_modified or poll.same_body:
        return healthy
    return replace(
        healthy,
        keeps=poll.new + poll.known,
        ttl_s=poll.ttl.total_seconds() if poll.ttl else None,
        skip_hours=poll.skip_hours,
        skip_days=poll.skip_days,
    )


def _meet(state: ScheduleState, poll: PollFacts, now: datetime) -> ScheduleState:
    """First sight: the dates in the body, true or not, are all there is to go by."""
    hours = _FIRST_INTERVAL.total_seconds() / _HOUR_S * _POLLS_PER_ENTRY
    if poll.oldest is not None and poll.new >= 2:
        hours = max((now - poll.oldest).total_seconds() / _HOUR_S, 1.0) / poll.new
    newest = min(poll.newest, now) if poll.newest else now
    return replace(state, fast_per_hour=1 / hours, slow_per_hour=1 / hours, last_new_at=newest)


def _pace(state: ScheduleState, poll: PollFacts, now: datetime) -> ScheduleState:
    # At least a second: clocks are set back at times.
    seconds = max(1.0, (now - (state.polled_at or now)).total_seconds())
    return replace(
        _arrive(state, now) if poll.new else state,
        fast_per_hour=_average(state.fast_per_hour, poll.new, seconds, _FAST_S),
        slow_per_hour=_average(state.slow_per_hour, poll.new, seconds, _SLOW_S),
        room_s=_room(state.room_s, poll, seconds),
        missed=state.missed + _missed(poll),
        missed_at=now if _missed(poll) else state.missed_at,
    )


def _average(per_hour: float, new: int, seconds: float, memory_s: float) -> float:
    """Entries an hour over about ``memory_s``, older ones counting less and less."""
    kept = math.exp(-seconds / memory_s)
    return per_hour * kept + new / (seconds / _HOUR_S) * (1 - kept)


def _missed(poll: PollFacts) -> bool:
    """Nothing in the body was there last time: entries may have come and gone between."""
    return not poll.known and min(poll.window, poll.new) >= _MIN_WINDOW


def _room(room_s: float | None, poll: PollFacts, seconds: float) -> float | None:
    """Longest safe interval: shrinks when a poll was mostly new, slowly grows otherwise."""
    share = poll.new / (poll.new + poll.known) if poll.new else 0.0
    if share > _MOSTLY_NEW and poll.window >= _MIN_WINDOW:
        shorter = seconds / (4 if _missed(poll) else 2)
        return shorter if room_s is None else min(room_s, shorter)
    if room_s is None:
        return None
    grown = room_s * 2 ** min(seconds / _ROOM_DOUBLES.total_seconds(), 1.0)
    return grown if grown < DAY.total_seconds() else None


def _adaptive(state: ScheduleState, now: datetime, limits: ScheduleLimits) -> timedelta:
    per_hour = max(state.fast_per_hour, state.slow_per_hour)
    idle = now - (state.last_new_at or now)
    ceiling = next((most for age, most in _IDLE_CEILINGS if idle <= age), limits.max_every)
    wait = min(ceiling.total_seconds(), _HOUR_S / max(per_hour * _POLLS_PER_ENTRY, 1e-6))
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
        per_hour = max(state.fast_per_hour, state.slow_per_hour)
        hours = min(hours, state.keeps / 2 / max(per_hour, 1e-6))
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


def _follow_move(state: ScheduleState, poll: PollFacts, now: datetime) -> ScheduleState:
    if poll.permanent_url is None and state.moved_to is None:
        return state
    if poll.permanent_url is None:
        return replace(state, moved_to=None, moved_polls=0, moved_since=None)
    if poll.permanent_url != state.moved_to:
        return replace(state, moved_to=poll.permanent_url, moved_polls=1, moved_since=now)
    return replace(state, moved_polls=min(state.moved_polls + 1, _CONFIRM_POLLS))


# ------------------------------------------------------------------------------- it failed


def _after_failure(
    state: ScheduleState,
    poll: PollFacts,
    *,
    now: datetime,
    limits: ScheduleLimits,
    jitter: float,
) -> ScheduleDecision:
    failed = _count_failure(state, poll, now)
    gone = _confirmed(failed.gone_polls, failed.gone_since, now)
    wait = _MAX_RETRY if gone else _backoff(failed, poll, now, limits)
    wait = max(wait, poll.every or wait, _asked_to_wait(poll))
    failing_for = now - (failed.failing_since or now)
    often = failed.failures >= _NOTICE_FAILURES and failing_for >= limits.notice_after
    # Everybody else was told "too many" at the same time and will come back at the same time.
    spread = min(wait, _MAX_SPREAD) if poll.reason in _CROWDED else _spread(wait)
    return ScheduleDecision(
        next_poll_at=now + wait + spread * jitter,
        interval=wait,
        state=replace(
            failed, noticed=state.noticed or gone or often or failing_for >= _NOTICE_ANYWAY
        ),
        notes=("gone",) if gone else (),
        move_back=failing_for >= DAY and poll.reason is not FailureReason.HELD_BACK,
    )


def _count_failure(state: ScheduleState, poll: PollFacts, now: datetime) -> ScheduleState:
    weight = _WEIGHTS.get(poll.reason, 1.0) if poll.reason else 0.0
    is_gone = poll.reason is FailureReason.HTTP_410
    return replace(
        state,
        failures=min(state.failures + weight, _MAX_FAILURES),
        failing_since=state.failing_since or now,
        gone_polls=min(state.gone_polls + 1, _CONFIRM_POLLS) if is_gone else 0,
        gone_since=(state.gone_since or now) if is_gone else None,
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


# ------------------------------------------------------------------------------- common


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


def _confirmed(polls: int, since: datetime | None, now: datetime) -> bool:
    """Seen often enough and for long enough that it is no passing mistake of a server."""
    return polls >= _CONFIRM_POLLS and since is not None and now - since >= DAY


def _spread(wait: timedelta) -> timedelta:
    return min(wait * _SPREAD, _MAX_SPREAD)


def _clamp(wait: timedelta, limits: ScheduleLimits) -> timedelta:
    return max(limits.min_every, min(wait, limits.max_every))
