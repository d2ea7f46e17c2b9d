"""What response headers say about when to come back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

MAX_RETRY_AFTER = timedelta(hours=24)
_MAX_VALUE = 2_000
_MAX_FRESH = timedelta(days=365)
_MAX_AGE = re.compile(r"(?:^|[,\s])max-age\s*=\s*\"?(\d{1,12})", re.IGNORECASE)
_STALE_AT_ONCE = re.compile(r"(?:^|[,\s])(?:no-cache|no-store)(?:$|[,\s=])", re.IGNORECASE)


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """Retry-After as a span from ``now``, in seconds or as a date; at most 24 hours, never below 0."""
    text = headers.get("Retry-After", "").strip()
    if not text:
        return None
    if text.isascii() and text.replace(".", "", 1).isdigit():
        seconds = min(float(text[:20]), MAX_RETRY_AFTER.total_seconds())
        return timedelta(seconds=seconds)
    when = http_date(text)
    if when is None:
        return None
    # Against the server's own clock where it tells it: ours or theirs may be wrong.
    wait = when - (http_date(headers.get("Date", "")) or now)
    return max(timedelta(), min(wait, MAX_RETRY_AFTER))


def freshness(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """How long the answer stays fresh by Cache-Control or Expires, less its Age; None: unsaid."""
    control = headers.get("Cache-Control", "")
    if control and _STALE_AT_ONCE.search(control):
        return timedelta()
    stated = _MAX_AGE.search(control) if control else None
    if stated is not None:
        fresh = min(timedelta(seconds=int(stated[1])), _MAX_FRESH)
    elif "Expires" in headers:
        expires = http_date(headers["Expires"])
        if expires is None:  # "0" and other non-dates mean: already expired (RFC 9111, 5.3)
            return timedelta()
        fresh = expires - (http_date(headers.get("Date", "")) or now)
    else:
        return None
    age = headers.get("Age", "").strip()
    if age.isascii() and age.isdigit():
        fresh -= timedelta(seconds=min(int(age[:12]), 10**9))
    return max(timedelta(), min(fresh, _MAX_FRESH))


def plain(text: str) -> str:
    """A header value if it can be stored and sent back as it is, else nothing."""
    return text if text.isascii() and text.isprintable() and len(text) <= _MAX_VALUE else ""


def http_date(text: str) -> datetime | None:
    """An HTTP date in any of its forms, aware UTC; None where it is not one."""
    if not text or len(text) > 64:
        return None
    from email.utils import parsedate_to_datetime

    try:
        when = parsedate_to_datetime(text)
        return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    except (ValueError, OverflowError, IndexError, TypeError):
        return None
