"""The Atom feed of hits: a file that any reader can follow, always whole and valid (RFC 4287)."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from watcher.errors import WatcherError
from watcher.text.clean import clean_line, clean_text

NEWEST = 100
"""How many hits the feed carries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AtomEntry:
    """One hit as an entry of the feed."""

    id: int
    title: str
    url: str
    publisher: str
    lang: str | None
    topic: str
    summary: str
    updated_at: datetime
    published_at: datetime | None


def atom(entries: Sequence[AtomEntry], *, name: str, now: datetime) -> str:
    """The feed as XML. ``name`` tells this database's feed from every other one."""
    newest = max((entry.updated_at for entry in entries), default=now)
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        '<feed xmlns="http://www.w3.org/2005/Atom">',
        f"  <title>{_text(f'watcher: {name}')}</title>",
        f"  <id>{_text(_tag(name, 'hits'))}</id>",
        f"  <updated>{_time(newest)}</updated>",
        "  <generator>watcher</generator>",
        "  <author><name>watcher</name></author>",
    ]
    for entry in entries:
        lines += _entry(entry, name)
    return "\n".join([*lines, "</feed>", ""])


def _entry(entry: AtomEntry, name: str) -> list[str]:
    lang = f" xml:lang={quoteattr(clean_line(entry.lang))}" if entry.lang else ""
    published = []
    if entry.published_at is not None:
        published.append(f"    <published>{_time(entry.published_at)}</published>")
    return [
        "  <entry>",
        f"    <title{lang}>{_text(entry.title) or '(no title)'}</title>",
        f"    <id>{_text(_tag(name, f'hit-{entry.id}'))}</id>",
        f'    <link rel="alternate" href={quoteattr(_address(entry.url))}/>',
        f"    <updated>{_time(entry.updated_at)}</updated>",
        *published,
        f"    <author><name>{_text(entry.publisher) or 'unknown'}</name></author>",
        f"    <category term={quoteattr(clean_line(entry.topic))}/>",
        f"    <summary{lang}>{escape(clean_text(entry.summary, 2000))}</summary>",
        "  </entry>",
    ]


def _tag(name: str, what: str) -> str:
    """A tag URI (RFC 4151): an address that stays the same wherever the file is put."""
    plain = "".join(char if char.isascii() and char.isalnum() else "-" for char in name)
    return f"tag:watcher.invalid,2026:{plain}/{what}"


def _text(text: str) -> str:
    return escape(clean_line(text, 1000))


def _address(url: str) -> str:
    # An IRI without spaces, quotes or angle brackets, as the schema of Atom demands.
    spoiled = ' "<>\\^`{|}'
    return "".join(f"%{ord(c):02X}" if c in spoiled else c for c in clean_line(url, 4000))


def _time(at: datetime) -> str:
    return at.astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")


def write_atom(path: Path, entries: Sequence[AtomEntry], *, name: str, now: datetime) -> bool:
    """Write the feed where it changed; returns whether it did. Raises WatcherError.

    A reader never sees half a file: it is written beside and renamed.
    """
    body = atom(entries, name=name, now=now).encode("utf-8")
    try:
        if path.exists() and path.read_bytes() == body:
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, body)
    except OSError as error:
        raise WatcherError(f"{path}: the Atom feed can't be written: {error.strerror}") from None
    return True


def _replace(path: Path, body: bytes) -> None:
    descriptor, beside = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(body)
            stream.flush()
            os.fsync(stream.fileno())
        # A feed is for others to read; what a temporary file starts with is for nobody else.
        Path(beside).chmod(0o644)
        Path(beside).replace(path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise
