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
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_STANDARD = re.compile(
    rf"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), )?(\d\d?) ({'|'.join(_MONTHS)}) ((?:19|20)\d\d)"
    r" (\d\d):(\d\d):(\d\d) (?:GMT|([+-])([01]\d)([0-5]\d))",
    re.ASCII,
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


def _standard(text: str, now: datetime) -> datetime | None:
    """RFC 822 as nearly every feed has it, which all programs read alike; None for other forms."""
    match = _STANDARD.fullmatch(text)
    if match is None:
        return None
    day, month, year, hour, minute, second, sign, hours, minutes = match.groups()
    try:
        when = datetime(
            int(year),
            _MONTHS.index(month) + 1,
            int(day),
            int(hour),
            int(minute),
            int(second),
            tzinfo=UTC,
        )
    except ValueError:
        return None
    if sign:
        ahead = timedelta(hours=int(hours), minutes=int(minutes))
        when = when - ahead if sign == "+" else when + ahead
    return sane(when, now)


def parse_date(text: str, now: datetime) -> datetime | None:
    """ISO 8601 (W3C) or RFC 822; no zone means UTC."""
    text = text.strip()[:80]
    if not text:
        return None
    when = _standard(text, now) or _iso(text)
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
