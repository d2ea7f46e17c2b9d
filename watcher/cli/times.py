"""Points in time as people type them: ``2d``, ``36h``, ``2026-11-20``, ``2026-11-20 08:00``."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from watcher.errors import UsageError

_HOURS = {"m": 1 / 60, "h": 1, "d": 24, "w": 7 * 24}
_LONGEST = 100 * 365 * 24
_AGO = re.compile(r"(\d+(?:\.\d+)?)\s*(m|min|minutes?|h|hours?|d|days?|w|weeks?)")


def parse_time(text: str | None, *, now: datetime) -> datetime | None:
    """An aware time; a bare date is local midnight. Raises UsageError naming what is accepted."""
    if text is None:
        return None
    text = text.strip()
    ago = _AGO.fullmatch(text)
    if ago:
        return now - _span(ago)
    try:
        found = datetime.fromisoformat(text)
        # The first and last days of the calendar are beyond it in another time zone.
        return (found if found.tzinfo else found.astimezone()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise UsageError(
            f'"{text}" is not a time; say 2d, 36h, 2026-11-20 or "2026-11-20 08:00"'
        ) from None


def parse_span(text: str) -> timedelta:
    """A duration such as ``12h``."""
    found = _AGO.fullmatch(text.strip())
    if not found:
        raise UsageError(f'"{text}" is not a duration; say 30m, 12h, 2d or 1w')
    return _span(found)


def _span(found: re.Match[str]) -> timedelta:
    hours = float(found[1]) * _HOURS[found[2][0]]
    if hours > _LONGEST:
        raise UsageError(f"{found[0]} is longer than time goes back here")
    return timedelta(hours=hours)
