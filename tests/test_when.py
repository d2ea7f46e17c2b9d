"""Schedules and quiet hours, in any zone, over clock changes."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.decide.when import (
    Held,
    Quiet,
    When,
    due_at,
    next_slot,
    parse_quiet,
    parse_when,
    quiet_until,
    rate_hold,
)
from watcher.model import ReceiverSpec

# Half-hour offsets, half-hour clock changes, southern summers, a whole day skipped (Apia, 2011).
ZONES = [
    "UTC", "Europe/London", "Europe/Moscow", "Asia/Tbilisi", "America/New_York", "Asia/Kolkata",
    "Australia/Lord_Howe", "Pacific/Apia", "America/St_Johns", "Africa/Casablanca",
    "Antarctica/Troll",
]  # fmt: skip
MOMENTS = st.datetimes(
    min_value=datetime(2010, 1, 1),  # noqa: DTZ001 - hypothesis wants them naive
    max_value=datetime(2030, 12, 31),  # noqa: DTZ001
    timezones=st.just(UTC),
)
TIMES = st.times().map(lambda t: t.replace(second=0, microsecond=0, tzinfo=None))


def receiver(**wishes: object) -> ReceiverSpec:
    return ReceiverSpec(name="desk", url="json://localhost", **wishes)  # type: ignore[arg-type]


def at(text: str, zone: str = "UTC") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


# ------------------------------------------------------------------------------- reading


@pytest.mark.parametrize(
    ("text", "days", "times"),
    [
        ("now", set(), []),
        ("  NOW ", set(), []),
        ("hourly", set(range(7)), []),
        ("daily at 08:30", set(range(7)), ["08:30"]),
        ("daily at 8:30, 18:00", set(range(7)), ["08:30", "18:00"]),
        ("daily at 18:00 and 08:30", set(range(7)), ["08:30", "18:00"]),
        ("weekdays at 07:00", {0, 1, 2, 3, 4}, ["07:00"]),
        ("weekends at 10:00", {5, 6}, ["10:00"]),
        ("mon,wed,fri at 08:30", {0, 2, 4}, ["08:30"]),
        ("Monday and thursday at 00:00", {0, 3}, ["00:00"]),
        ("mon-thu, sat at 23:59", {0, 1, 2, 3, 5}, ["23:59"]),
        ("sat-mon at 09:00", {5, 6, 0}, ["09:00"]),
    ],
)
def test_schedules_are_read(text: str, days: set[int], times: list[str]) -> None:
    when = parse_when(text)
    assert set(when.days) == days
    assert [f"{t:%H:%M}" for t in when.times] == times
    assert when.at_once == (not days)


@pytest.mark.parametrize(
    "text",
    ["", "soon", "daily", "daily at", "daily at 25:00", "daily at 7", "funday at 08:00", "at 08:00",
     "mon,,tue at 08:00", "daily at 08:00 and", "hourly at 08:00"],
)  # fmt: skip
def test_what_is_no_schedule_is_refused_with_a_hint(text: str) -> None:
    with pytest.raises(ValueError, match=r"HH:MM|use \"now\""):
        parse_when(text)


def test_quiet_hours_are_read() -> None:
    assert parse_quiet("22:00-07:00") == Quiet(start=time(22), end=time(7))
    assert parse_quiet(" 9:00 – 17:30 ") == Quiet(start=time(9), end=time(17, 30))
    assert parse_quiet("20:00-24:00") == Quiet(start=time(20), end=time(0))


@pytest.mark.parametrize("text", ["", "22:00", "22-07", "22:00-22:00", "night", "22:00-25:00"])
def test_what_are_no_quiet_hours_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"HH:MM|22:00-07:00|same time"):
        parse_quiet(text)


# ------------------------------------------------------------------------------ schedules


@given(MOMENTS, TIMES, st.sampled_from(ZONES), st.sets(st.integers(0, 6), min_size=1))
def test_a_slot_is_the_next_such_time_on_such_a_day(
    now: datetime, clock: time, name: str, days: set[int]
) -> None:
    zone = ZoneInfo(name)
    slot = next_slot(When(days=frozenset(days), times=(clock,)), now, zone)
    local = slot.astimezone(zone)
    assert slot >= now
    assert slot - now <= timedelta(days=9)
    named = datetime.combine(local.date(), clock, tzinfo=zone)
    skipped = named.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != named.replace(
        tzinfo=None
    )
    if local.time() == clock:
        assert local.weekday() in days
        assert local.fold == 0, "a repeated hour counts the first time only"
    else:
        earlier = datetime.combine(local.date() - timedelta(days=1), clock, tzinfo=zone)
        # The clock jumped over the time: it is taken as much later.
        assert skipped or earlier.astimezone(UTC) == slot


@given(MOMENTS, TIMES, st.sampled_from(ZONES))
def test_a_daily_digest_comes_once_a_day_all_year(now: datetime, clock: time, name: str) -> None:
    zone = ZoneInfo(name)
    when = When(days=frozenset(range(7)), times=(clock,))
    first = next_slot(when, now, zone)
    second = next_slot(when, first + timedelta(seconds=1), zone)
    assert timedelta(hours=22) <= second - first <= timedelta(hours=26)


@given(MOMENTS, st.sampled_from(ZONES))
def test_hourly_is_the_next_full_local_hour(now: datetime, name: str) -> None:
    zone = ZoneInfo(name)
    slot = next_slot(parse_when("hourly"), now, zone)
    assert now <= slot <= now + timedelta(minutes=91)
    assert (slot.astimezone(zone).minute, slot.second) == (0, 0)


def test_slots_of_known_days() -> None:
    friday = at("2026-11-20 10:00", "Europe/London")
    zone = ZoneInfo("Europe/London")
    assert next_slot(parse_when("weekdays at 07:00"), friday, zone) == at("2026-11-23 07:00")
    assert next_slot(parse_when("mon,fri at 10:00"), friday, zone) == friday
    # In March the clock jumps from 01:00 to 02:00, in October 01:30 comes twice.
    gap = at("2026-03-29 00:30")
    assert next_slot(parse_when("daily at 01:30"), gap, zone) == at("2026-03-29 01:30")
    assert (gap + timedelta(hours=1)).astimezone(zone).hour == 2
    between = at("2026-10-25 01:00")  # the second 01:00 local, after the first 01:30
    assert next_slot(parse_when("daily at 01:30"), between, zone) == at("2026-10-26 01:30")


# ---------------------------------------------------------------------------- quiet hours


@given(MOMENTS, TIMES, TIMES, st.sampled_from(ZONES))
def test_quiet_hours_end_and_are_over_then(
    now: datetime, start: time, end: time, name: str
) -> None:
    if start == end:
        return
    zone = ZoneInfo(name)
    quiet = Quiet(start=start, end=end)
    wake = quiet_until(quiet, now, zone)
    assert (wake is not None) == quiet.covers(now.astimezone(zone).time())
    if wake is not None:
        assert now < wake <= now + timedelta(hours=49)
        local = wake.astimezone(zone)
        assert not quiet.covers(local.time())


@given(
    MOMENTS,
    st.sampled_from(["now", "hourly", "daily at 03:00", "weekdays at 07:00"]),
    st.sampled_from(ZONES),
    st.sampled_from(["22:00-07:00", "00:00-06:30", "12:00-14:00"]),
    st.integers(0, 600),
)
def test_nothing_is_due_in_quiet_hours_and_nothing_is_dropped(
    now: datetime, when: str, name: str, quiet: str, wait: int
) -> None:
    spec = receiver(when=when, timezone=name, quiet=quiet, group_wait=timedelta(seconds=wait))
    due = due_at(spec, now, 70.0, False)
    assert now <= due.at <= now + timedelta(days=12)
    assert quiet_until(parse_quiet(quiet), due.at, ZoneInfo(name)) is None


def test_quiet_hours_hold_until_they_end() -> None:
    spec = receiver(quiet="22:00-07:00", timezone="Asia/Tbilisi")
    due = due_at(spec, at("2026-11-21 23:30", "Asia/Tbilisi"), 70.0, False)
    assert due.at == at("2026-11-22 07:00", "Asia/Tbilisi")
    assert due.held is Held.QUIET


def test_a_digest_that_falls_into_quiet_hours_comes_at_their_end() -> None:
    spec = receiver(when="daily at 06:00", quiet="22:00-07:00")
    assert due_at(spec, at("2026-11-21 12:00"), 70.0, False).at == at("2026-11-22 07:00")


def test_a_group_does_not_wait_into_the_quiet_hours() -> None:
    spec = receiver(quiet="22:00-07:00", group_wait=timedelta(minutes=5))
    now = at("2026-11-21 21:58")
    assert due_at(spec, now, 70.0, False).at == now


@pytest.mark.parametrize(
    ("score", "stage", "through"), [(84.9, False, False), (85.0, False, True), (10.0, True, True)]
)
def test_what_is_strong_or_a_new_stage_breaks_through(
    score: float, stage: bool, through: bool
) -> None:
    spec = receiver(quiet="22:00-07:00", breakthrough=85.0, breakthrough_stage=True)
    now = at("2026-11-21 23:00")
    due = due_at(spec, now, score, stage)
    assert (due.at == now + timedelta(seconds=60)) == through
    assert due.held is (Held.GROUP if through else Held.QUIET)


def test_nothing_breaks_through_unasked() -> None:
    spec = receiver(quiet="22:00-07:00")
    assert due_at(spec, at("2026-11-21 23:00"), 100.0, True).held is Held.QUIET


def _hours_around_clock_changes(name: str) -> list[datetime]:
    zone, moment, found = ZoneInfo(name), at("2011-01-01 00:00"), []
    while moment < at("2012-01-01 00:00"):
        later = moment + timedelta(hours=1)
        if later.astimezone(zone).utcoffset() != moment.astimezone(zone).utcoffset():
            found += [moment + timedelta(minutes=17 * step) for step in range(-90, 90)]
        moment = later
    return found


@pytest.mark.parametrize("name", ZONES)
def test_every_clock_change_of_a_year(name: str) -> None:
    zone = ZoneInfo(name)
    for now in _hours_around_clock_changes(name):
        for quiet in ("22:00-07:00", "01:30-02:30", "02:00-03:00", "03:00-01:45"):
            for when in ("now", "daily at 02:30"):
                spec = receiver(quiet=quiet, timezone=name, when=when)
                due = due_at(spec, now, 70.0, False)
                assert now <= due.at <= now + timedelta(hours=75)
                assert quiet_until(parse_quiet(quiet), due.at, zone) is None


# ------------------------------------------------------------------------- groups and rates


def test_a_burst_joins_the_group_that_is_open() -> None:
    spec = receiver()
    now = at("2026-11-21 12:00")
    first = due_at(spec, now, 70.0, False)
    later = due_at(spec, now + timedelta(seconds=45), 70.0, False, open_group=first.at)
    assert first.at == later.at == now + timedelta(seconds=60)
    # A group that is over, or one that a clock moved far away, is not joined.
    after = due_at(spec, now + timedelta(seconds=61), 70.0, False, open_group=first.at)
    assert after.at == now + timedelta(seconds=121)
    far = due_at(spec, now, 70.0, False, open_group=now + timedelta(days=1))
    assert far.at == first.at


def test_without_a_group_wait_it_goes_at_once() -> None:
    now = at("2026-11-21 12:00")
    due = due_at(receiver(group_wait=timedelta(0)), now, 70.0, False)
    assert (due.at, due.held) == (now, None)


def test_the_hourly_limit_holds_until_the_oldest_message_is_an_hour_old() -> None:
    now = at("2026-11-21 12:00")
    spec = receiver(max_per_hour=3)
    oldest = now - timedelta(minutes=50)
    assert rate_hold(spec, sent_last_hour=2, oldest=oldest, now=now) is None
    held = rate_hold(spec, sent_last_hour=3, oldest=oldest, now=now)
    assert held == now + timedelta(minutes=10)
    assert rate_hold(receiver(max_per_hour=0), sent_last_hour=99, oldest=oldest, now=now) is None


@given(MOMENTS, st.timedeltas(min_value=timedelta(days=-9), max_value=timedelta(days=9)))
def test_the_hourly_limit_never_holds_longer_than_an_hour(now: datetime, offset: timedelta) -> None:
    held = rate_hold(receiver(max_per_hour=1), sent_last_hour=5, oldest=now + offset, now=now)
    assert held is not None
    assert now < held <= now + timedelta(hours=1)


def test_naive_times_are_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        due_at(receiver(), datetime(2026, 11, 21), 70.0, False)  # noqa: DTZ001
