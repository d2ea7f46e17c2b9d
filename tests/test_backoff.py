"""When to try again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.decide.backoff import delivery_retry, entry_retry

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
GAPS = st.timedeltas(min_value=timedelta(days=-10), max_value=timedelta(days=30))


@pytest.mark.parametrize(
    ("attempts", "seconds"),
    [(1, 30), (2, 60), (3, 120), (7, 1920), (8, 3600), (9, 3600), (500, 3600)],
)
def test_half_a_minute_doubling_to_an_hour(attempts: int, seconds: int) -> None:
    assert delivery_retry(attempts, NOW, NOW) == NOW + timedelta(seconds=seconds)


def test_retry_after_is_a_lower_bound() -> None:
    assert delivery_retry(1, NOW, NOW, timedelta(seconds=7)) == NOW + timedelta(seconds=30)
    assert delivery_retry(1, NOW, NOW, timedelta(minutes=9)) == NOW + timedelta(minutes=9)
    # A server that says "in a year" is asked again tomorrow.
    assert delivery_retry(1, NOW, NOW, timedelta(days=365)) == NOW + timedelta(days=1)


def test_dead_after_five_days_of_trying() -> None:
    assert delivery_retry(100, NOW - timedelta(days=4, hours=23), NOW) is not None
    assert delivery_retry(100, NOW - timedelta(days=5), NOW) is None


def test_neither_a_clock_that_jumps_nor_a_week_off_kills_what_was_hardly_tried() -> None:
    assert delivery_retry(2, NOW - timedelta(days=9), NOW) == NOW + timedelta(seconds=60)
    assert delivery_retry(500, NOW + timedelta(days=9), NOW) == NOW + timedelta(hours=1)


@given(st.integers(1, 10_000), GAPS, st.none() | GAPS, st.floats(0, 1))
def test_a_retry_is_in_the_future_and_within_a_day(
    attempts: int, since: timedelta, retry_after: timedelta | None, jitter: float
) -> None:
    at = delivery_retry(attempts, NOW - since, NOW, retry_after, jitter)
    if at is None:
        assert since >= timedelta(days=5)
    else:
        assert timedelta(seconds=30) <= at - NOW <= timedelta(hours=24)


def test_the_whole_life_of_a_delivery_that_never_arrives() -> None:
    now, tries = NOW, 0
    while True:
        tries += 1
        at = delivery_retry(tries, NOW, now, None, 0.5)
        if at is None:
            break
        now = at
    assert timedelta(days=5) <= now - NOW <= timedelta(days=5, hours=2)
    assert 100 <= tries <= 140


def test_a_page_waits_as_long_as_its_server_asks_for_but_a_day_at_most() -> None:
    asked = [timedelta(minutes=1), timedelta(hours=5), timedelta(days=9)]
    waits = [(entry_retry(1, NOW, wait) or NOW) - NOW for wait in asked]
    assert waits == [timedelta(minutes=10), timedelta(hours=5), timedelta(days=1)]
    assert entry_retry(6, NOW, timedelta(hours=5)) is None


def test_unreadable_pages_are_tried_five_times() -> None:
    delays = [entry_retry(tries, NOW) for tries in range(1, 7)]
    assert [d and d - NOW for d in delays] == [
        timedelta(minutes=10),
        timedelta(hours=1),
        timedelta(hours=6),
        timedelta(days=1),
        timedelta(days=3),
        None,
    ]
