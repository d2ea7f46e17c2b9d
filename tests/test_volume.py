"""Spikes and silence: the false-alarm rate that was asked for holds in simulation."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.decide.volume import Gaps, count_tail, expected_silence, gap_tail, silence, spike

ROUNDS = 1_500


def poisson(rng: random.Random, mean: float) -> int:
    limit, count, product = math.exp(-mean), 0, rng.random()
    while product > limit:
        count += 1
        product *= rng.random()
    return count


def bursty(rng: random.Random, mean: float, size: float) -> int:
    return poisson(rng, rng.gammavariate(size, mean / size))


COUNTS: dict[str, Callable[[random.Random], int]] = {
    "quiet": lambda rng: poisson(rng, 0.5),
    "steady": lambda rng: poisson(rng, 3),
    "busy": lambda rng: poisson(rng, 20),
    "bursty": lambda rng: bursty(rng, 5, 2),
    "very bursty": lambda rng: bursty(rng, 3, 0.7),
}
GAPS: dict[str, Callable[[random.Random], float]] = {
    "random": lambda rng: rng.expovariate(1 / 3600),
    "spread": lambda rng: rng.lognormvariate(7, 1),
    "heavy tail": lambda rng: 3600 * ((1 - rng.random()) ** (-1 / 3) - 1),
    "nights": lambda rng: rng.expovariate(1 / 1800) + (28_800 if rng.random() < 0.06 else 0),
}


@pytest.mark.parametrize("rate", [0.01, 0.002])
@pytest.mark.parametrize("kind", COUNTS)
def test_spikes_keep_their_false_alarm_rate(kind: str, rate: float) -> None:
    rng = random.Random(11)
    draw = COUNTS[kind]
    alarms = sum(
        spike([draw(rng) for _ in range(40)], draw(rng), subject="t", false_alarm_rate=rate)
        is not None
        for _ in range(ROUNDS)
    )
    # Three standard errors above the rate that was asked for.
    assert alarms / ROUNDS <= rate + 3 * math.sqrt(rate / ROUNDS)


@pytest.mark.parametrize(("mean", "size"), [(0.5, None), (3, None), (20, None), (5, 2), (3, 0.7)])
def test_spikes_keep_their_rate_where_the_day_slides_and_is_looked_at_every_hour(
    mean: float, size: float | None
) -> None:
    rng, rate, days, history = random.Random(15), 0.01, 1_000, 28
    hours: list[int] = []
    for _ in range(days + history + 1):
        today = mean if size is None else rng.gammavariate(size, mean / size)
        hours += [poisson(rng, today / 24) for _ in range(24)]
    alarms, alarmed, last = 0, False, 0
    for end in range((history + 1) * 24, len(hours)):
        today, *earlier = (
            sum(hours[end - 24 * (n + 1) : end - 24 * n]) for n in range(history + 1)
        )
        found = spike(earlier, today, subject="t", false_alarm_rate=rate, sliding=True)
        if found is not None and not alarmed and end - last >= 24:  # as it is told
            alarms, last = alarms + 1, end
        alarmed = found is not None
    assert alarms / days <= rate


@pytest.mark.parametrize("rate", [0.01, 0.002])
@pytest.mark.parametrize("kind", GAPS)
def test_silence_keeps_its_false_alarm_rate(kind: str, rate: float) -> None:
    rng = random.Random(12)
    draw = GAPS[kind]
    alarms = 0
    for _ in range(ROUNDS):
        gaps = [timedelta(seconds=draw(rng)) for _ in range(60)]
        now = timedelta(seconds=draw(rng))
        alarms += silence(Gaps.of(gaps), now, subject="t", false_alarm_rate=rate) is not None
    assert alarms / ROUNDS <= rate + 3 * math.sqrt(rate / ROUNDS)


@pytest.mark.parametrize("length", [8, 12, 20])
@pytest.mark.parametrize("kind", COUNTS)
def test_a_short_history_alarms_no_more_often(kind: str, length: int) -> None:
    rng = random.Random(13)
    draw = COUNTS[kind]
    rate = 0.01
    alarms = sum(
        spike([draw(rng) for _ in range(length)], draw(rng), subject="t", false_alarm_rate=rate)
        is not None
        for _ in range(ROUNDS)
    )
    assert alarms / ROUNDS <= rate + 3 * math.sqrt(rate / ROUNDS)


@pytest.mark.parametrize("length", [8, 12, 20])
@pytest.mark.parametrize(
    ("kind", "slower"),
    [*((kind, 1) for kind in GAPS), *((kind, 24) for kind in GAPS if kind != "nights")],
)
def test_few_gaps_alarm_no_more_often(kind: str, length: int, slower: int) -> None:
    rng = random.Random(14)
    draw = GAPS[kind]
    rate = 0.01
    alarms = 0
    for _ in range(ROUNDS):
        gaps = [timedelta(seconds=slower * draw(rng)) for _ in range(length)]
        now = timedelta(seconds=slower * draw(rng))
        alarms += silence(Gaps.of(gaps), now, subject="t", false_alarm_rate=rate) is not None
    assert alarms / ROUNDS <= rate + 3 * math.sqrt(rate / ROUNDS)


def test_a_short_history_still_shows_what_is_glaring() -> None:
    assert spike([2, 1, 3, 2, 2, 1, 3, 2], 30, subject="t") is not None
    assert silence(Gaps.of([timedelta(hours=2)] * 8), timedelta(days=4), subject="t") is not None


def test_a_fivefold_day_is_a_spike_and_says_so() -> None:
    found = spike([2, 3, 1, 4, 2, 3, 2, 2, 3, 1, 2, 4, 3, 2], 15, subject="south-ossetia")
    assert found is not None
    assert found.sentence == "south-ossetia: 15 this day, where 2.4 is usual"
    assert found.chance < 0.001


def test_a_feed_that_stops_is_noticed_and_said_plainly() -> None:
    gaps = [timedelta(hours=h) for h in (1, 2, 1, 3, 2, 1, 9, 1, 2, 1, 10, 2, 1, 1, 2, 3, 8, 1)]
    assert silence(Gaps.of(gaps), timedelta(hours=12), subject="example.org") is None
    found = silence(Gaps.of(gaps), timedelta(days=3), subject="example.org")
    assert found is not None
    assert found.sentence == "example.org: nothing for 3 days, where 3 hours is usual"
    hourly = silence(Gaps.of([timedelta(hours=1)] * 60), timedelta(days=3), subject="t")
    assert hourly is not None
    assert hourly.sentence == "t: nothing for 3 days, where 1 hour is usual"


def test_little_history_says_nothing() -> None:
    assert spike([0, 0, 1], 50, subject="t") is None
    assert silence(Gaps.of([timedelta(hours=1)] * 3), timedelta(days=30), subject="t") is None
    assert expected_silence(Gaps.of([timedelta(hours=1)] * 3)) is None


@given(st.lists(st.integers(0, 50), min_size=8, max_size=40), st.integers(0, 60))
def test_more_is_never_more_ordinary(history: list[int], current: int) -> None:
    assert 0.0 <= count_tail(history, current + 1) <= count_tail(history, current) <= 1.0


@given(st.lists(st.integers(1, 10**6), min_size=8, max_size=40), st.integers(1, 10**6))
def test_longer_is_never_more_ordinary(seconds: list[int], since: int) -> None:
    gaps = Gaps.of(timedelta(seconds=s) for s in seconds)
    longer = gap_tail(gaps, timedelta(seconds=since + 60))
    assert 0.0 <= longer <= gap_tail(gaps, timedelta(seconds=since)) <= 1.0
