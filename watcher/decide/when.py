"""When a receiver is told: schedules, quiet hours and the group wait, in the receiver's time zone.

Quiet hours hold, they never drop. Local times that a clock change skips are taken as much later
as the clock jumped; local times that happen twice count the first time only, so that a daily
digest is sent once on every day of the year.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from watcher.model import ReceiverSpec, utc

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_EVERY_DAY = frozenset(range(7))
_DAY_GROUPS = {
    "daily": _EVERY_DAY,
    "every day": _EVERY_DAY,
    "weekdays": frozenset(range(5)),
    "weekends": frozenset({5, 6}),
}
_FULL_NAMES = {
    name: index
    for index, name in enumerate(
        ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    )
}
_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_UNDER_WAY = timedelta(minutes=1)
WHEN_FORMS = '"now", "hourly", "daily at 08:30", "weekdays at 07:00" or "mon,wed,fri at 08:30"'


class Held(StrEnum):
    """What a delivery waits for."""

    GROUP = "group"  # others that may come within the group wait
    SCHEDULE = "schedule"  # the next digest
    QUIET = "quiet"  # the end of the quiet hours
    RATE = "rate"  # the receiver had its share of messages this hour


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """A parsed schedule. Without times it is ``now`` (no days) or ``hourly`` (all days)."""

    days: frozenset[int] = frozenset()
    times: tuple[time, ...] = ()

    @property
    def at_once(self) -> bool:
        return not self.days


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """Local hours from ``start`` up to, not including, ``end``; may span midnight."""

    start: time
    end: time

    def covers(self, local: time) -> bool:
        """Whether the local time of day is quiet."""
        if self.start < self.end:
            return self.start <= local < self.end
        return local >= self.start or local < self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """When a delivery is to be tried first, and what it waits for until then."""

    at: datetime
    held: Held | None


def parse_when(text: str) -> When:
    """Read a schedule; raises ValueError with the accepted forms."""
    words = " ".join(text.lower().split())
    if words == "now":
        return When()
    if words == "hourly":
        return When(days=_EVERY_DAY)
    days_text, separator, times_text = words.partition(" at ")
    if not separator:
        raise ValueError(f'"{text}" is no schedule; use {WHEN_FORMS}')
    times = sorted({_parse_time(part, text) for part in re.split(r",\s*|\s+and\s+", times_text)})
    return When(days=_parse_days(days_text, text), times=tuple(times))


def parse_quiet(text: str) -> Quiet:
    """Read quiet hours such as ``22:00-07:00``; raises ValueError."""
    start_text, separator, end_text = text.replace("–", "-").partition("-")
    if not separator:
        raise ValueError(f'"{text}" are no quiet hours; use two times such as "22:00-07:00"')
    # Midnight as an end is written 24:00 by many and means 00:00.
    end_text = "00:00" if end_text.strip() == "24:00" else end_text
    start, end = _parse_time(start_text.strip(), text), _parse_time(end_text.strip(), text)
    if start == end:
        raise ValueError(f'"{text}" starts and ends at the same time, so nothing would be quiet')
    return Quiet(start=start, end=end)


def due_at(
    receiver: ReceiverSpec,
    now: datetime,
    score: float,
    stage_change: bool,
    *,
    open_group: datetime | None = None,
) -> Due:
    """When this receiver is told of something decided now.

    ``open_group`` is when the message being gathered for the receiver closes, so that a burst
    becomes one message and a steady trickle can't push it back for ever.
    """
    now = utc(now)
    zone = ZoneInfo(receiver.timezone)
    due = _scheduled(receiver, now, zone, open_group)
    if receiver.quiet is None or breaks_through(receiver, score, stage_change):
        return due
    quiet = parse_quiet(receiver.quiet)
    if due.held is Held.GROUP and quiet_until(quiet, now, zone) is None:
        # The quiet hours begin while the group would still gather: send it before they do.
        return due if quiet_until(quiet, due.at, zone) is None else Due(at=now, held=Held.GROUP)
    wake = quiet_until(quiet, due.at, zone)
    return due if wake is None else Due(at=wake, held=Held.QUIET)


def breaks_through(receiver: ReceiverSpec, score: float, stage_change: bool) -> bool:
    """Whether something this strong ignores the receiver's quiet hours."""
    strong = receiver.breakthrough is not None and score >= receiver.breakthrough
    return strong or (stage_change and receiver.breakthrough_stage)


def quiet_until(quiet: Quiet, now: datetime, zone: ZoneInfo) -> datetime | None:
    """When the quiet hours that cover this instant end; None where it isn't quiet."""
    local = now.astimezone(zone)
    if not quiet.covers(local.time()):
        return None
    spans_midnight = quiet.start > quiet.end and local.time() >= quiet.start
    day = local.date() + timedelta(days=1) if spans_midnight else local.date()
    end = _instant(day, quiet.end, zone)
    if end <= now:  # between the two occurrences of a repeated hour: the second ends it
        end = _instant(day, quiet.end, zone, fold=1)
    # An end that a clock change skips is taken later, which may be inside the next quiet hours.
    again = quiet_until(quiet, end, zone)
    return end if again is None else again


def quiet_hold(receiver: ReceiverSpec, now: datetime) -> datetime | None:
    """Until when to hold what is late: after a failed try, or while nothing ran.

    What is under way as the quiet hours begin still goes.
    """
    if receiver.quiet is None:
        return None
    quiet, zone = parse_quiet(receiver.quiet), ZoneInfo(receiver.timezone)
    if quiet_until(quiet, utc(now) - _UNDER_WAY, zone) is None:
        return None
    return quiet_until(quiet, utc(now), zone)


def next_slot(when: When, now: datetime, zone: ZoneInfo) -> datetime:
    """The first instant at or after ``now`` that the schedule names, in UTC."""
    now = utc(now)
    if when.at_once:
        return now
    slots = _daily(when, now, zone) if when.times else _hours(now, zone)
    return next(slot for slot in slots if slot >= now)


def rate_hold(
    receiver: ReceiverSpec, *, sent_last_hour: int, oldest: datetime | None, now: datetime
) -> datetime | None:
    """Until when to hold, given the messages of the last hour and the oldest of them.

    None: the receiver may have another message now. ``max_per_hour = 0`` means no limit.
    """
    if receiver.max_per_hour <= 0 or sent_last_hour < receiver.max_per_hour:
        return None
    free_at = (oldest or now) + timedelta(hours=1)
    # Never in the past and never over an hour away, whatever a jumping clock says.
    return min(max(free_at, now + timedelta(seconds=1)), now + timedelta(hours=1))


def _scheduled(
    receiver: ReceiverSpec, now: datetime, zone: ZoneInfo, open_group: datetime | None
) -> Due:
    when = parse_when(receiver.when)
    if not when.at_once:
        return Due(at=next_slot(when, now, zone), held=Held.SCHEDULE)
    if receiver.group_wait <= timedelta(0):
        return Due(at=now, held=None)
    closes = now + receiver.group_wait
    if open_group is not None and now <= open_group < closes:
        closes = utc(open_group)
    return Due(at=closes, held=Held.GROUP)


def _parse_time(text: str, whole: str) -> time:
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise ValueError(f'"{text.strip()}" in "{whole}" is no time of day; write it as HH:MM')
    return time(int(match[1]), int(match[2]))


def _parse_days(text: str, whole: str) -> frozenset[int]:
    if text in _DAY_GROUPS:
        return _DAY_GROUPS[text]
    days: set[int] = set()
    for part in re.split(r",\s*|\s+and\s+", text):
        first, dash, last = part.partition("-")
        begin = _parse_day(first, whole)
        end = _parse_day(last, whole) if dash else begin
        days.update((begin + step) % 7 for step in range((end - begin) % 7 + 1))
    return frozenset(days)


def _parse_day(text: str, whole: str) -> int:
    name = text.strip()
    if name in _FULL_NAMES:
        return _FULL_NAMES[name]
    if name in WEEKDAYS:
        return WEEKDAYS.index(name)
    raise ValueError(f'"{name}" in "{whole}" is no day of the week; use {WHEN_FORMS}')


def _instant(day: date, at: time, zone: ZoneInfo, *, fold: int = 0) -> datetime:
    return datetime.combine(day, at, tzinfo=zone).replace(fold=fold).astimezone(UTC)


def _daily(when: When, now: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    first = now.astimezone(zone).date() - timedelta(days=1)  # a skipped time may land a day later
    for offset in range(16):
        day = first + timedelta(days=offset)
        if day.weekday() in when.days:
            yield from (_instant(day, at, zone) for at in when.times)


def _hours(now: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """Full local hours: zones with half-hour offsets have theirs at half past."""
    instant = now.replace(second=0, microsecond=0)
    for _ in range(200):
        if instant.astimezone(zone).minute == 0:
            yield instant
        instant += timedelta(minutes=1)
