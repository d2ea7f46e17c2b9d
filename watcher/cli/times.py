"""Points in time as people type them: ``2d``, ``36h``, ``2026-11-20``, ``2026-11-20 08:00``."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from watcher.errors import UsageError

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_AGO = re.compile(r"(\d+(?:\.\d+)?)\s*([mhdw])")


def parse_time(text: str | None, *, now: datetime) -> datetime | None:
    """An aware time; a bare date is local midnight. Raises UsageError naming what is accepted."""
    if text is None:
        return None
    text = text.strip()
    ago = _AGO.fullmatch(text)
    if ago:
        return now - timedelta(**{_UNITS[ago[2]]: float(ago[1])})
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f'"{text}" is not a time; say 2d, 36h, 2026-11-20 or "2026-11-20 08:00"'
        ) from None
    return (found if found.tzinfo else found.astimezone()).astimezone(UTC)


def parse_span(text: str) -> timedelta:
    """A duration such as ``12h``."""
    found = _AGO.fullmatch(text.strip())
    if not found:
        raise UsageError(f'"{text}" is not a duration; say 30m, 12h, 2d or 1w')
    return timedelta(**{_UNITS[found[2]]: float(found[1])})
