"""When to try again: deliveries that failed and article pages that could not be read."""

from __future__ import annotations

from datetime import datetime, timedelta

DELIVERY_FIRST = timedelta(seconds=30)
DELIVERY_LONGEST = timedelta(hours=1)
DELIVERY_LIFE = timedelta(days=5)
RETRY_AFTER_LONGEST = timedelta(hours=24)
# A clock that jumps, or a service that was off for a week, must not kill what was hardly tried.
DELIVERY_MIN_ATTEMPTS = 12
ENTRY_DELAYS = (
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=6),
    timedelta(days=1),
    timedelta(days=3),
)


def delivery_retry(
    attempts: int,
    first_tried_at: datetime,
    now: datetime,
    retry_after: timedelta | None = None,
    jitter: float = 0.0,
) -> datetime | None:
    """When to send again after ``attempts`` (>= 1) failed tries; None: it is dead.

    30 s, doubling to 1 h, stretched by up to a quarter by ``jitter`` (0..1). What the receiver
    asked for in Retry-After is a lower bound. Dead after 5 days and at least 12 tries.
    """
    if now - first_tried_at >= DELIVERY_LIFE and attempts >= DELIVERY_MIN_ATTEMPTS:
        return None
    doublings = min(max(attempts, 1) - 1, 10)
    delay = min(DELIVERY_FIRST * (1 << doublings), DELIVERY_LONGEST) * (1 + jitter / 4)
    if retry_after is not None:
        delay = max(delay, min(retry_after, RETRY_AFTER_LONGEST))
    return now + delay


def entry_retry(
    attempts: int, now: datetime, retry_after: timedelta | None = None
) -> datetime | None:
    """When to read an unreadable page again after ``attempts`` (>= 1) tries; None: give up.

    10 min, 1 h, 6 h, 1 d, 3 d; then the entry stays scored on what the feed said (partial).
    What the server asked for in Retry-After is a lower bound.
    """
    index = max(attempts, 1) - 1
    if index >= len(ENTRY_DELAYS):
        return None
    return now + max(ENTRY_DELAYS[index], min(retry_after or timedelta(), RETRY_AFTER_LONGEST))
