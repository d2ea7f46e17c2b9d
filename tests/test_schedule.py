"""The adaptive poll schedule: its promises as properties, and a year of feeds of several kinds."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.decide.polls import PollFacts, ScheduleState, expected_silence
from watcher.decide.schedule import ScheduleDecision, ScheduleLimits, next_poll
from watcher.model import FailureReason

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
LIMITS = ScheduleLimits()
DEAD = FailureReason.CONNECT


def decide(
    state: ScheduleState, poll: PollFacts, *, now: datetime = NOW, jitter: float = 0.0
) -> ScheduleDecision:
    return next_poll(state, poll, now=now, limits=LIMITS, jitter=jitter)


# -------------------------------------------------------------------------------- properties

spans = st.one_of(st.none(), st.timedeltas(timedelta(), timedelta(days=400)))
instants = st.one_of(st.none(), st.timedeltas(-9999 * DAY, 999 * DAY).map(lambda d: NOW + d))
polls = st.builds(
    PollFacts,
    reason=st.one_of(st.none(), st.sampled_from(FailureReason)),
    not_modified=st.booleans(),
    same_body=st.booleans(),
    new=st.integers(0, 1000),
    known=st.integers(0, 1000),
    window=st.integers(0, 1000),
    oldest=instants,
    newest=instants,
    max_age=spans,
    ttl=spans,
    skip_hours=st.lists(st.integers(0, 23), unique=True).map(tuple),
    skip_days=st.lists(st.integers(0, 6), unique=True).map(tuple),
    retry_after=spans,
    permanent_url=st.sampled_from([None, "https://example.org/a", "https://example.org/b"]),
    every=st.one_of(st.none(), st.timedeltas(MINUTE, DAY)),
)
gaps = st.timedeltas(timedelta(hours=-2), timedelta(days=40))
jitters = st.floats(0, 1, exclude_max=True)


def play(
    history: list[tuple[PollFacts, timedelta]], jitter: float
) -> Iterator[tuple[datetime, PollFacts, ScheduleDecision]]:
    """Polls one after the other, each some time after the one before (or before it)."""
    state, now = ScheduleState(), NOW
    for poll, gap in history:
        now += gap
        decision = decide(state, poll, now=now, jitter=jitter)
        yield now, poll, decision
        state = decision.state


@given(st.lists(st.tuples(polls, gaps), min_size=1, max_size=12), jitters)
def test_next_poll_is_soon_enough_and_late_enough(
    history: list[tuple[PollFacts, timedelta]], jitter: float
) -> None:
    for now, poll, decision in play(history, jitter):
        assert now < decision.next_poll_at <= now + DAY + HOUR
        if poll.every is None:
            assert decision.next_poll_at >= now + LIMITS.min_every
        if poll.retry_after is not None:
            assert decision.next_poll_at >= now + min(poll.retry_after, DAY)
        if poll.every is not None and poll.reason is None and poll.retry_after is None:
            assert decision.interval == poll.every


@given(st.lists(st.tuples(polls, gaps), min_size=1, max_size=8), jitters)
def test_state_survives_json(history: list[tuple[PollFacts, timedelta]], jitter: float) -> None:
    for _, _, decision in play(history, jitter):
        stored = json.loads(json.dumps(decision.state.to_json()))
        assert ScheduleState.from_json(stored) == decision.state


@given(polls, jitters, jitters)
def test_jitter_only_ever_adds(poll: PollFacts, one: float, other: float) -> None:
    less, more = sorted((one, other))
    early, late = (decide(slow_feed(), poll, jitter=jitter) for jitter in (less, more))
    assert early.next_poll_at <= late.next_poll_at


@given(polls, st.floats(0, 200), st.floats(0, 200), st.timedeltas(MINUTE, DAY))
def test_more_failures_never_mean_an_earlier_poll(
    poll: PollFacts, one: float, other: float, interval: timedelta
) -> None:
    poll = replace(poll, reason=poll.reason or DEAD)
    less, more = sorted((one, other))
    state = ScheduleState(interval_s=interval.total_seconds(), failing_since=NOW - DAY)
    sooner = decide(replace(state, failures=less), poll)
    later = decide(replace(state, failures=more), poll)
    assert sooner.interval <= later.interval


@given(st.integers(0, 50), st.integers(0, 50), st.timedeltas(MINUTE, DAY))
def test_more_new_entries_never_mean_a_later_poll(one: int, other: int, since: timedelta) -> None:
    few, many = sorted((one, other))
    state = ScheduleState(polled_at=NOW - since, last_new_at=NOW - since, keeps=100)
    slow = decide(state, PollFacts(new=few, known=100 - few, window=100))
    fast = decide(state, PollFacts(new=many, known=100 - many, window=100))
    assert fast.interval <= slow.interval


# ------------------------------------------------------------------------------ hints, limits


def test_a_fixed_interval_wins_over_hints_but_not_over_retry_after() -> None:
    every = timedelta(minutes=15)
    poll = PollFacts(new=1, known=19, max_age=6 * HOUR, ttl=3 * HOUR, every=every)
    assert decide(ScheduleState(), poll).interval == every
    asked = replace(poll, retry_after=40 * MINUTE)
    assert decide(ScheduleState(), asked).interval == 40 * MINUTE


def slow_feed() -> ScheduleState:
    """A feed of 20 entries with two new ones a day."""
    return ScheduleState(
        polled_at=NOW - HOUR, last_new_at=NOW - HOUR, slow_per_hour=1 / 12, keeps=20
    )


@pytest.mark.parametrize(
    "hint", [PollFacts(known=20, max_age=7 * HOUR), PollFacts(known=20, ttl=7 * HOUR)]
)
def test_freshness_and_ttl_lengthen_the_interval(hint: PollFacts) -> None:
    assert decide(slow_feed(), PollFacts(known=20)).interval <= 3 * HOUR
    assert decide(slow_feed(), hint).interval == 7 * HOUR


def test_ttl_still_holds_when_nothing_changed() -> None:
    state = decide(slow_feed(), PollFacts(known=20, ttl=7 * HOUR)).state
    assert decide(state, PollFacts(not_modified=True, window=20)).interval == 7 * HOUR


def test_hints_never_wait_until_entries_are_lost() -> None:
    busy = replace(slow_feed(), slow_per_hour=4.0)  # half of its 20 entries in 2.5 hours
    decision = decide(busy, PollFacts(known=20, max_age=20 * HOUR))
    assert 2 * HOUR < decision.interval < 2.6 * HOUR


def test_hints_end_at_max_every() -> None:
    quiet = replace(slow_feed(), slow_per_hour=0.001)
    poll = PollFacts(known=20, max_age=timedelta(days=300))
    assert decide(quiet, poll).interval == LIMITS.max_every


def test_skipped_hours_and_days_are_waited_out() -> None:
    night = tuple(range(12, 18))
    decision = decide(slow_feed(), PollFacts(known=20, skip_hours=night))
    assert decision.next_poll_at == NOW.replace(hour=18)
    sunday_noon = NOW
    assert sunday_noon.weekday() == 6
    decision = decide(slow_feed(), PollFacts(known=20, skip_days=(6,)))
    assert decision.next_poll_at == NOW.replace(day=23, hour=0)
    weekend = decide(slow_feed(), PollFacts(known=20, skip_days=(6, 0)))
    assert weekend.next_poll_at == NOW + LIMITS.max_every


@pytest.mark.parametrize("skip", [{"skip_hours": tuple(range(23))}, {"skip_days": (6,)}])
def test_no_hint_makes_a_busy_feed_wait_until_entries_are_lost(
    skip: dict[str, tuple[int, ...]],
) -> None:
    """Forty entries an hour, of which twenty are kept: in hours of silence they would be gone."""
    busy = ScheduleState(
        polled_at=NOW - 10 * MINUTE,
        last_new_at=NOW,
        slow_per_hour=40,
        fast_per_hour=40,
        keeps=20,
        room_s=900,
    )
    for hint in (skip, {"ttl": 9 * HOUR}, {"max_age": DAY}, skip | {"ttl": 9 * HOUR}):
        poll = PollFacts(new=5, known=15, window=20, **hint)  # type: ignore[arg-type]
        assert decide(busy, poll).interval <= 16 * MINUTE


@given(
    st.lists(st.integers(0, 23), unique=True, min_size=1, max_size=20).map(tuple),
    st.floats(0, 1, exclude_max=True),
    st.integers(0, 24 * 60),
)
def test_the_spread_reaches_into_no_skipped_hour(
    hours: tuple[int, ...], jitter: float, minutes: int
) -> None:
    poll = PollFacts(known=20, window=20, skip_hours=hours)
    now = NOW + minutes * MINUTE
    calm = replace(slow_feed(), polled_at=now - HOUR, last_new_at=now, slow_per_hour=1e-3)
    at = decide(calm, poll, now=now, jitter=jitter).next_poll_at
    assert at.hour not in hours


def test_skipping_everything_skips_nothing() -> None:
    everything = PollFacts(known=20, skip_hours=tuple(range(24)), skip_days=tuple(range(7)))
    plain = decide(slow_feed(), PollFacts(known=20))
    assert decide(slow_feed(), everything).interval == plain.interval


# ------------------------------------------------------------------------------ missed windows


def test_a_missed_window_is_noted_and_shortens_the_interval() -> None:
    state = replace(slow_feed(), polled_at=NOW - 2 * HOUR)
    fine = decide(state, PollFacts(new=2, known=18, window=20))
    assert fine.notes == ()
    missed = decide(state, PollFacts(new=20, known=0, window=20))
    assert missed.notes == ("missed-window",)
    assert missed.interval <= 30 * MINUTE < fine.interval
    assert (fine.state.missed, fine.state.missed_at) == (0, None)
    assert (missed.state.missed, missed.state.missed_at) == (1, NOW)
    later = decide(missed.state, PollFacts(known=20, window=20), now=NOW + HOUR)
    assert (later.state.missed, later.state.missed_at) == (1, NOW)


@pytest.mark.parametrize(
    "poll",
    [
        PollFacts(new=20, window=0),  # first sight
        PollFacts(new=0, known=0, window=20),  # an empty body says nothing
        PollFacts(not_modified=True, window=20),
        PollFacts(same_body=True, window=20),
        PollFacts(new=1, window=1),  # keeps only its newest entry
    ],
)
def test_what_is_no_missed_window(poll: PollFacts) -> None:
    assert decide(slow_feed(), poll).notes == ()


# ------------------------------------------------------------------------------ failures


def failing(reason: FailureReason, days: float) -> list[tuple[datetime, ScheduleDecision]]:
    """A feed of an entry an hour that fails for some days, polled as decided."""
    state = ScheduleState(
        interval_s=900.0, polled_at=NOW, last_new_at=NOW, slow_per_hour=1.0, keeps=20
    )
    now, seen = NOW, []
    while now < NOW + timedelta(days=days):
        decision = decide(state, PollFacts(reason=reason), now=now)
        seen.append((now, decision))
        state, now = decision.state, decision.next_poll_at
    return seen


def test_failing_feeds_are_tried_less_and_less_but_for_ever() -> None:
    seen = failing(DEAD, 365)
    waits = [decision.interval for _, decision in seen]
    assert waits == sorted(waits)
    assert waits[0] <= timedelta(minutes=30)
    assert waits[-1] == DAY
    assert 365 <= len(seen) < 430


def test_weights_make_lookups_and_busy_servers_less_final() -> None:
    tries = {
        reason: len(failing(reason, 2))
        for reason in (FailureReason.DNS, FailureReason.HTTP_5XX, FailureReason.HTTP_403)
    }
    assert tries[FailureReason.DNS] > tries[FailureReason.HTTP_5XX] > tries[FailureReason.HTTP_403]


@pytest.mark.parametrize("reason", [DEAD, FailureReason.DNS, FailureReason.HTTP_5XX])
def test_one_notice_when_it_fails_and_one_when_it_is_back(reason: FailureReason) -> None:
    seen = failing(reason, 20)
    told = [decision.state.noticed for _, decision in seen]
    assert told == sorted(told)
    first = next(at for at, decision in seen if decision.state.noticed)
    assert LIMITS.notice_after <= first - NOW <= DAY + 2 * HOUR
    at, last = seen[-1]
    back = decide(last.state, PollFacts(known=20, window=20), now=at + HOUR)
    assert (back.state.failures, back.state.failing_since) == (0.0, None)
    assert not back.state.noticed


@pytest.mark.parametrize("every", [6 * HOUR, 12 * HOUR, DAY])
@pytest.mark.parametrize("reason", sorted(FailureReason))
def test_a_feed_that_is_rarely_polled_is_noticed_within_a_day_too(
    reason: FailureReason, every: timedelta
) -> None:
    state, now = ScheduleState(interval_s=every.total_seconds(), polled_at=NOW), NOW
    while not state.noticed:
        decision = decide(state, PollFacts(reason=reason, every=every), now=now)
        state, before, now = decision.state, now, decision.next_poll_at
    assert before - NOW <= DAY + every


def test_a_short_outage_tells_nobody_and_changes_nothing_for_long() -> None:
    (_, first), (at, second), *_ = failing(DEAD, 1)
    back = decide(second.state, PollFacts(new=1, known=19, window=20), now=at + 20 * MINUTE)
    assert not any(seen.state.noticed for seen in (first, second, back))
    assert back.interval <= 30 * MINUTE


def test_gone_is_believed_after_a_day_of_it() -> None:
    seen = failing(FailureReason.HTTP_410, 4)
    first = next(at for at, decision in seen if "gone" in decision.notes)
    assert first - NOW >= DAY
    gone = next(decision for _, decision in seen if "gone" in decision.notes)
    assert gone.interval == DAY
    at, last = seen[-1]
    other = decide(last.state, PollFacts(reason=FailureReason.HTTP_404), now=at + DAY)
    assert other.notes == ()
    assert other.state.gone_polls == 0


def test_a_permanent_redirect_is_followed_after_a_day_of_it() -> None:
    state, now, there = ScheduleState(), NOW, "https://example.org/new"
    moves = []
    for _ in range(60):
        decision = decide(state, PollFacts(known=20, window=20, permanent_url=there), now=now)
        moves.append((now - NOW, decision.move_to))
        state, now = decision.state, now + 30 * MINUTE
    assert all(move is None for age, move in moves if age < DAY)
    assert all(move == there for age, move in moves if age >= DAY)
    home = decide(state, PollFacts(known=20, window=20), now=now)
    assert (home.move_to, home.state.moved_to) == (None, None)


def test_a_moved_feed_that_fails_for_a_day_is_asked_where_it_was_again() -> None:
    seen = failing(FailureReason.HTTP_404, 3)
    assert [decision.move_back for _, decision in seen] == [at - NOW >= DAY for at, _ in seen]
    held = replace(seen[-1][1].state, failing_since=NOW)
    decision = decide(held, PollFacts(reason=FailureReason.HELD_BACK), now=NOW + 9 * DAY)
    assert not decision.move_back


@pytest.mark.parametrize("polls_before", [0, 1])
def test_a_failure_between_does_not_forget_the_redirect(polls_before: int) -> None:
    there = PollFacts(known=20, window=20, permanent_url="https://example.org/new")
    state = decide(ScheduleState(), there).state
    for number in range(polls_before):
        state = decide(state, PollFacts(reason=DEAD), now=NOW + (number + 1) * HOUR).state
    state = decide(state, there, now=NOW + 3 * HOUR).state
    assert decide(state, there, now=NOW + DAY).move_to == "https://example.org/new"


def test_retry_after_is_capped_and_429_comes_back_spread_out() -> None:
    poll = PollFacts(reason=FailureReason.HTTP_429, retry_after=timedelta(days=9))
    assert decide(ScheduleState(), poll).interval == DAY
    soon = PollFacts(reason=FailureReason.HTTP_429, retry_after=5 * HOUR)
    early, late = decide(ScheduleState(), soon), decide(ScheduleState(), soon, jitter=0.99)
    assert early.next_poll_at == NOW + 5 * HOUR
    assert late.next_poll_at - early.next_poll_at > 50 * MINUTE


def test_who_was_not_asked_is_due_when_the_hold_is_over_and_has_not_failed() -> None:
    """However rarely it is polled, and however often it happens."""
    at, state = NOW, ScheduleState(interval_s=86_400)
    held = PollFacts(reason=FailureReason.HELD_BACK, retry_after=HOUR, every=DAY)
    for _ in range(23):
        decision = decide(state, held, now=at, jitter=0.99)
        assert HOUR <= decision.next_poll_at - at < HOUR + 7 * MINUTE
        assert (decision.state.failures, decision.state.noticed) == (0, False)
        at, state = at + HOUR, decision.state
    # But that nobody has looked at it for a day is told.
    assert decide(state, held, now=at + HOUR).state.noticed


# ------------------------------------------------------------------------------ 304, silence


def test_a_full_body_is_asked_for_now_and_then() -> None:
    state, now, asked = slow_feed(), NOW, []
    for number in range(100):
        poll = PollFacts(not_modified=not (asked and asked[-1] == number - 1), window=20)
        decision = decide(state, poll, now=now)
        if decision.unconditional:
            asked.append(number)
        state, now = decision.state, now + 10 * MINUTE
    assert asked == [23, 48, 73, 98]


def test_rarely_polled_feeds_get_a_full_body_too() -> None:
    state, now, polled = slow_feed(), NOW, 0
    while True:
        polled += 1
        decision = decide(state, PollFacts(not_modified=True, window=20), now=now)
        if decision.unconditional:
            break
        state, now = decision.state, now + DAY
    assert polled == 3


def test_silence_is_expected_by_the_gaps_before_it() -> None:
    state, now = ScheduleState(), NOW
    assert expected_silence(state, false_alarm_rate=0.001) is None
    for n in range(40):
        state = decide(state, PollFacts(new=1, known=9, window=10), now=now).state
        assert state == ScheduleState.from_json(state.to_json())
        known = expected_silence(state, false_alarm_rate=0.001)
        assert (known is None) == (n < 9), "the first sight, and a gap from what it claimed"
        now += 7 * HOUR
    usual = expected_silence(state, false_alarm_rate=0.001)
    seldom = expected_silence(state, false_alarm_rate=0.00001)
    assert usual is not None
    assert seldom is not None
    assert DAY < usual < 4 * DAY
    assert usual < seldom < 8 * DAY
    later = decide(state, PollFacts(not_modified=True, window=20), now=now + 9 * DAY).state
    assert expected_silence(later, false_alarm_rate=0.001) == usual, "silence is no usual gap"


# ------------------------------------------------------------------------------ a year of feeds


@dataclass
class Year:
    polls: int
    entries: int
    lost: int
    missed_notes: int
    mean_delay: timedelta
    silences: int = 0
    """How often it was held to be silent for too long, at one day in a hundred."""


SILENT_DAYS = 0.01


def live(pace: Callable[[datetime], float], *, keeps: int, days: int = 365) -> Year:
    """A year of a feed that keeps its newest entries; ``pace`` is entries an hour at a time."""
    rng = random.Random(7)
    times: list[datetime] = []
    at = NOW - 30 * DAY
    while at < NOW + timedelta(days=days):
        times += [at + rng.random() * HOUR / 4 for _ in range(poisson(rng, pace(at) / 4))]
        at += HOUR / 4
    times.sort()
    state, now, year = ScheduleState(), NOW, Year(0, 0, 0, 0, timedelta())
    seen = published = 0
    was_silent = False
    while now < NOW + timedelta(days=days):
        while published < len(times) and times[published] <= now:
            published += 1
        first = max(0, published - keeps)
        poll = PollFacts(
            new=published - max(first, seen),
            known=max(0, seen - first),
            window=min(seen, keeps),
            not_modified=seen == published and year.polls > 0,
            oldest=times[first] if published else None,
            newest=times[published - 1] if published else None,
        )
        if year.polls:
            year.lost += max(0, first - seen)
            year.entries += published - seen
            year.mean_delay += sum((now - t for t in times[seen:published]), timedelta())
        since = state.last_new_at or now
        limit = expected_silence(state, false_alarm_rate=SILENT_DAYS)
        silent = seen == published and limit is not None and now - since > limit
        year.silences += silent and not was_silent
        was_silent = silent
        decision = decide(state, poll, now=now, jitter=rng.random())
        year.polls += 1
        year.missed_notes += "missed-window" in decision.notes
        seen, state, now = published, decision.state, decision.next_poll_at
    year.mean_delay /= max(1, year.entries)
    return year


def poisson(rng: random.Random, mean: float) -> int:
    count, budget = 0, rng.expovariate(1)
    while budget < mean:
        count += 1
        budget += rng.expovariate(1)
    return count


def day_and_night(at: datetime) -> float:
    return 8.0 if 6 <= at.hour < 20 else 0.5


def bursts(at: datetime) -> float:
    """Quiet, but every ten days an event: 30 entries an hour for six hours."""
    return 30.0 if at.timetuple().tm_yday % 10 == 0 and 9 <= at.hour < 15 else 0.2


@pytest.mark.parametrize(
    ("pace", "keeps"),
    [
        (lambda _: 1 / 24, 20),
        (lambda _: 1.0, 10),
        (lambda _: 10.0, 20),
        (lambda _: 40.0, 20),  # replaces itself in half an hour
        (day_and_night, 20),
    ],
    ids=["daily", "hourly", "brisk", "fast", "day-and-night"],
)
def test_nothing_scrolls_out_unseen(pace: Callable[[datetime], float], keeps: int) -> None:
    year = live(pace, keeps=keeps, days=60)
    assert year.lost == 0
    assert year.missed_notes == 0


def test_polls_follow_the_pace() -> None:
    dead = live(lambda at: 1.0 if at < NOW - 20 * DAY else 0.0, keeps=20)
    daily = live(lambda _: 1 / 24, keeps=20)
    hourly = live(lambda _: 1.0, keeps=20, days=60)
    assert dead.polls < 500
    assert daily.polls / 365 < 15
    assert hourly.polls / 60 < 120
    assert daily.mean_delay < 1.5 * HOUR
    assert hourly.mean_delay < timedelta(minutes=12)


def test_a_sudden_burst_is_mostly_caught_and_what_was_missed_is_said() -> None:
    year = live(bursts, keeps=20, days=180)
    assert year.lost < 0.01 * year.entries
    assert bool(year.missed_notes) == bool(year.lost)


def weekdays(at: datetime) -> float:
    """Hourly in the day, nothing at night and at the weekend."""
    return 1.0 if at.weekday() < 5 and 7 <= at.hour < 19 else 0.0


@pytest.mark.parametrize(
    "pace",
    [lambda _: 1 / 60, lambda _: 1 / 24, lambda _: 1 / 6, lambda _: 1.0, day_and_night, weekdays, bursts],
    ids=["slow", "daily", "brisk", "hourly", "day-and-night", "weekdays", "bursts"],
)  # fmt: skip
def test_a_feed_that_is_well_is_seldom_held_to_be_silent(pace: Callable[[datetime], float]) -> None:
    days = 400
    year = live(pace, keeps=20, days=days)
    assert year.silences / days <= SILENT_DAYS + 3 * math.sqrt(SILENT_DAYS / days)


def test_a_feed_that_dies_is_held_to_be_silent_once() -> None:
    died = live(lambda at: 0.5 if at < NOW + 60 * DAY else 0.0, keeps=20, days=120)
    assert died.silences == 1
