"""What one poll of a feed showed, and what is remembered of all of them: its pace, its troubles.

How much a failure weighs is taken from Media Cloud's rss-fetcher.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any, Self

from watcher.decide import volume
from watcher.model import FailureReason, check_aware

DAY = timedelta(days=1)
_CONFIRM_POLLS = 3
"""So many must say that a feed has gone or moved."""
POLLS_PER_ENTRY = 4
_FIRST_INTERVAL = timedelta(hours=1)
_HOUR_S = 3600.0
_FAST_S = 6 * _HOUR_S
_SLOW_S = 7 * 24 * _HOUR_S

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
_MAX_FAILURES = 1000.0


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

    @property
    def missed(self) -> bool:
        """Nothing in the body was there last time: entries may have come and gone between."""
        return not self.known and min(self.window, self.new) >= _MIN_WINDOW


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

    @property
    def per_hour(self) -> float:
        """Entries to be expected: as in the last hours or the last week, whichever was busier."""
        return max(self.fast_per_hour, self.slow_per_hour)

    def has_gone(self, now: datetime) -> bool:
        """The server said so often enough, and for long enough, to be believed."""
        return _confirmed(self.gone_polls, self.gone_since, now)

    def has_moved(self, now: datetime) -> bool:
        """It was pointed to ``moved_to`` often enough, and for long enough."""
        return _confirmed(self.moved_polls, self.moved_since, now)

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


def remember(state: ScheduleState, poll: PollFacts, now: datetime) -> ScheduleState:
    """The state after a poll."""
    if poll.reason is not None:
        return _count_failure(state, poll, now)
    return _follow_move(_learn(state, poll, now), poll, now)


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


def _learn(state: ScheduleState, poll: PollFacts, now: datetime) -> ScheduleState:
    changes = _meet(poll, now) if state.polled_at is None else _pace(state, poll, now)
    changes |= {
        "polled_at": now,
        "failures": 0.0,
        "failing_since": None,
        "noticed": False,
        "gone_polls": 0,
        "gone_since": None,
        "unmodified_polls": state.unmodified_polls + 1 if poll.not_modified else 0,
        "body_at": (state.body_at or now) if poll.not_modified else now,
    }
    if not (poll.not_modified or poll.same_body):
        changes |= {
            "keeps": poll.new + poll.known,
            "ttl_s": poll.ttl.total_seconds() if poll.ttl else None,
            "skip_hours": poll.skip_hours,
            "skip_days": poll.skip_days,
        }
    return replace(state, **changes)


# What changes is put together before it is applied: making a state anew, with all that it holds,
# was most of what a decision cost.


def _meet(poll: PollFacts, now: datetime) -> dict[str, Any]:
    """First sight: the dates in the body, true or not, are all there is to go by."""
    hours = _FIRST_INTERVAL.total_seconds() / _HOUR_S * POLLS_PER_ENTRY
    if poll.oldest is not None and poll.new >= 2:
        hours = max((now - poll.oldest).total_seconds() / _HOUR_S, 1.0) / poll.new
    newest = min(poll.newest, now) if poll.newest else now
    return {"fast_per_hour": 1 / hours, "slow_per_hour": 1 / hours, "last_new_at": newest}


def _pace(state: ScheduleState, poll: PollFacts, now: datetime) -> dict[str, Any]:
    # At least a second: clocks are set back at times.
    seconds = max(1.0, (now - (state.polled_at or now)).total_seconds())
    return {
        **(_arrive(state, now) if poll.new else {}),
        "fast_per_hour": _average(state.fast_per_hour, poll.new, seconds, _FAST_S),
        "slow_per_hour": _average(state.slow_per_hour, poll.new, seconds, _SLOW_S),
        "room_s": _room(state.room_s, poll, seconds),
        "missed": state.missed + poll.missed,
        "missed_at": now if poll.missed else state.missed_at,
    }


def _arrive(state: ScheduleState, now: datetime) -> dict[str, Any]:
    """Something new came. The gap before the first arrival is the publisher's claim, and not kept."""
    gaps = _gaps(state)
    if state.arrivals and state.last_new_at is not None:
        gaps = gaps.after(max(timedelta(), now - state.last_new_at))
    return {
        "last_new_at": now,
        "arrivals": gaps.number + 1,
        "gap_mean_s": gaps.mean,
        "gap_square": gaps.square,
        "gap_longest_s": gaps.longest,
    }


def _average(per_hour: float, new: int, seconds: float, memory_s: float) -> float:
    """Entries an hour over about ``memory_s``, older ones counting less and less."""
    kept = math.exp(-seconds / memory_s)
    return per_hour * kept + new / (seconds / _HOUR_S) * (1 - kept)


def _room(room_s: float | None, poll: PollFacts, seconds: float) -> float | None:
    """Longest safe interval: shrinks when a poll was mostly new, slowly grows otherwise."""
    share = poll.new / (poll.new + poll.known) if poll.new else 0.0
    if share > _MOSTLY_NEW and poll.window >= _MIN_WINDOW:
        shorter = seconds / (4 if poll.missed else 2)
        return shorter if room_s is None else min(room_s, shorter)
    if room_s is None:
        return None
    grown = room_s * 2 ** min(seconds / _ROOM_DOUBLES.total_seconds(), 1.0)
    return grown if grown < DAY.total_seconds() else None


def _follow_move(state: ScheduleState, poll: PollFacts, now: datetime) -> ScheduleState:
    if poll.permanent_url is None and state.moved_to is None:
        return state
    if poll.permanent_url is None:
        return replace(state, moved_to=None, moved_polls=0, moved_since=None)
    if poll.permanent_url != state.moved_to:
        return replace(state, moved_to=poll.permanent_url, moved_polls=1, moved_since=now)
    return replace(state, moved_polls=min(state.moved_polls + 1, _CONFIRM_POLLS))


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


def _confirmed(polls: int, since: datetime | None, now: datetime) -> bool:
    """Seen often enough and for long enough that it is no passing mistake of a server."""
    return polls >= _CONFIRM_POLLS and since is not None and now - since >= DAY
