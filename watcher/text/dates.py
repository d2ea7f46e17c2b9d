"""Dates that publishers claim: believed only where they can be true."""

from __future__ import annotations

import calendar
import email.utils
import re
import time
from datetime import UTC, datetime, timedelta

_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_ISO = re.compile(
    r"^(\d{4})-?(\d\d)(?:-?(\d\d)(?:[T ]+(\d\d):?(\d\d)(?::?(\d\d)(?:[.,]\d+)?)?\s*"
    r"(Z|[+-]\d\d:?\d\d|[+-]\d\d)?)?)?",
    re.IGNORECASE,
)


def sane(when: datetime | None, now: datetime) -> datetime | None:
    """The time in UTC if it lies between 1990 and a day from now, else None."""
    if when is None:
        return None
    try:
        when = when.astimezone(UTC)
    except (OverflowError, ValueError):
        return None
    return when if _EARLIEST <= when <= now + timedelta(days=1) else None


def from_struct(value: time.struct_time | None, now: datetime) -> datetime | None:
    """feedparser's UTC time tuple; it may hold year -1 or 9999."""
    if value is None:
        return None
    try:
        return sane(datetime.fromtimestamp(calendar.timegm(value), UTC), now)
    except (OverflowError, ValueError, OSError, TypeError):
        return None


def parse_date(text: str, now: datetime) -> datetime | None:
    """ISO 8601 (W3C) or RFC 822; no zone means UTC."""
    text = text.strip()[:80]
    if not text:
        return None
    when = _iso(text)
    if when is None:
        try:
            when = email.utils.parsedate_to_datetime(text)
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
    return sane(when if when.tzinfo else when.replace(tzinfo=UTC), now)


def _iso(text: str) -> datetime | None:
    match = _ISO.match(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, zone = match.groups()
    offset = "+00:00" if zone in (None, "Z", "z") else zone
    if len(offset) == 3:
        offset += ":00"
    elif len(offset) == 5:
        offset = f"{offset[:3]}:{offset[3:]}"
    clock = f"{hour or '00'}:{minute or '00'}:{second or '00'}"
    try:
        return datetime.fromisoformat(f"{year}-{month}-{day or '01'}T{clock}{offset}")
    except ValueError:
        return None
