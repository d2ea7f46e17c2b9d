"""An entry as its feed states it, on the way to EntryData: shared by every kind of feed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

from watcher.model import SUMMARY_LIMIT, EntryData, EntryKey
from watcher.text.clean import clean_line, clean_text, strip_html
from watcher.urls import clean_link, unwrap

CONTENT_LIMIT = 200_000
REPLY_BUDGET = 1_500_000
"""Bytes of text that one parse may hand out: it leaves a worker as one reply of at most 2 MB."""
_TITLE_FROM_TEXT = 120


@dataclass(slots=True, kw_only=True)
class Identity:
    """What tells an item from others, as raw text; ``hash`` covers the whole item."""

    guid: str = ""
    link: str = ""
    title: str = ""
    published: str = ""
    hash: str = ""


@dataclass(slots=True, kw_only=True)
class Stated(Identity):
    """An entry's fields, still raw: markup, relative links, unbounded."""

    summary: str = ""
    content: str = ""
    author: str = ""
    lang: str = ""
    published_at: datetime | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What a reader found: its feed's title and language as stated, and every entry."""

    entries: Sequence[Stated]
    title: str = ""
    lang: str = ""


class NotThisKindError(Exception):
    """The body is something else than the kind of feed it was taken for; says what is missing."""


def hashed(entry: Stated) -> Stated:
    """The same entry with its hash filled in from what it says."""
    parts = (entry.guid, entry.link, entry.title, entry.published, entry.summary, entry.content)
    digest = blake2b("\0".join(parts).encode("utf-8", "replace"), digest_size=6)
    entry.hash = digest.hexdigest()
    return entry


def language_code(tag: str | None) -> str | None:
    """``en-US``, ``ru_RU`` -> ``en``, ``ru``; None for what is no language tag."""
    code = (tag or "").strip().replace("_", "-").partition("-")[0].lower()
    return code if code.isascii() and code.isalpha() and 2 <= len(code) <= 3 else None


def finish(entry: Stated, key: EntryKey, *, base: str, lang: str | None) -> EntryData:
    """Clean an entry: plain text within limits, safe links, a title where there is none."""
    summary = clean_text(strip_html(entry.summary), CONTENT_LIMIT)
    content = clean_text(strip_html(entry.content), CONTENT_LIMIT)
    if len(summary) > SUMMARY_LIMIT and len(summary) > len(content):
        content = summary
    summary = summary[:SUMMARY_LIMIT].rstrip()
    title = clean_line(strip_html(entry.title)) or _title_of(summary or content)
    link = clean_link(base, entry.link)
    return EntryData(
        key=key,
        url=unwrap(link) if link else None,
        title=title,
        summary=summary,
        content=content,
        author=clean_line(strip_html(entry.author), 200),
        lang=language_code(entry.lang) or lang,
        published_at=entry.published_at,
        updated_at=entry.updated_at,
        content_hash=_content_hash(title, summary, content),
    )


def _title_of(text: str) -> str:
    first = text.partition("\n")[0]
    if len(first) <= _TITLE_FROM_TEXT:
        return first
    return first[:_TITLE_FROM_TEXT].rpartition(" ")[0] + "…"


def _content_hash(*parts: str) -> str:
    return blake2b("\0".join(parts).encode(), digest_size=12).hexdigest()


def within_budget(entries: Sequence[EntryData]) -> list[EntryData]:
    """The first entries whose texts together fit into one reply; at least one."""
    kept: list[EntryData] = []
    size = 0
    for entry in entries:
        size += 600 + sum(
            len(text.encode()) for text in (entry.title, entry.summary, entry.content)
        )
        if kept and size > REPLY_BUDGET:
            break
        kept.append(entry)
    return kept
