"""What parsing and extracting promise of anything they hand out, whatever went in."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta

from watcher.model import Failure, FeedData, PageData
from watcher.urls import is_web_url

FORBIDDEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
JOINERS = "\u200c\u200d"
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)


def forbidden_in(text: str, allowed: str = "") -> list[str]:
    """Characters that no text may hold which is stored or shown."""
    return [c for c in text if unicodedata.category(c) in FORBIDDEN and c not in JOINERS + allowed]


def check_feed(data: FeedData | Failure, now: datetime) -> None:
    """Clean lines, links to the web only, believable dates, an identity for each entry."""
    if isinstance(data, Failure):
        check_failure(data)
        return
    assert not forbidden_in(data.title)
    keys = [entry.key for entry in data.entries]
    assert len(set(keys)) == len(keys)
    assert set(keys) <= set(data.window)
    for entry in data.entries:
        assert not forbidden_in(entry.title + entry.author + (entry.lang or ""))
        assert not forbidden_in(entry.summary + entry.content, allowed="\n")
        assert entry.url is None or is_web_url(entry.url)
        for at in filter(None, (entry.published_at, entry.updated_at)):
            assert EARLIEST <= at <= now + timedelta(days=1)


def check_page(data: PageData | Failure, now: datetime) -> None:
    """The same of a page; one of which nothing was read says why."""
    if isinstance(data, Failure):
        check_failure(data)
        return
    assert not forbidden_in(data.title + data.author + data.site + (data.lang or ""))
    assert not forbidden_in(data.text, allowed="\n")
    assert data.text or data.reason
    assert data.canonical_url is None or is_web_url(data.canonical_url)
    assert data.published_at is None or EARLIEST <= data.published_at <= now + timedelta(days=1)


def check_failure(failure: Failure) -> None:
    """It says why, in one line that can be shown."""
    assert failure.detail
    assert not forbidden_in(failure.detail)
