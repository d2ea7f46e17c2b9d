"""Every feed file of the corpora: read or refused with a reason; cut or whole, the same result."""

from __future__ import annotations

import io
import json
import os
import re
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import feedparser
import pytest

from watcher.model import EntryData, EntryKey, Failure, FeedData
from watcher.parse import parse_feed
from watcher.parse.stated import finish
from watcher.parse.xmlfeed import prepare, to_stated
from watcher.text.charset import decode
from watcher.urls import entry_key

FEEDS = Path(__file__).parent.parent.parent / "shared" / "corpora" / "feeds"
NOW = datetime(2026, 11, 22, tzinfo=UTC)
URL = "https://example.org/feed"

pytestmark = [
    pytest.mark.corpora,
    pytest.mark.skipif(not FEEDS.is_dir(), reason="../shared/corpora/feeds is not here"),
]
# One chunk a test, so that the tests spread over processes and name where it fails.
CHUNKS = 8
UNCLEAN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@cache
def files() -> list[dict[str, Any]]:
    lines = (FEEDS / "index.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def body_of(row: dict[str, Any]) -> bytes:
    return (FEEDS / row["file"]).read_bytes()


def parsed(body: bytes, window: dict[str, str]) -> FeedData | Failure:
    return parse_feed(body, url=URL, content_type="", window=window, now=NOW)


def said(entry: EntryData) -> tuple[object, ...]:
    return (
        entry.title,
        entry.url,
        entry.published_at,
        entry.updated_at,
        entry.summary,
        entry.content,
        entry.author,
    )


def by_feedparser_alone(body: bytes) -> list[tuple[object, ...]]:
    """What stock feedparser, given the whole file and left to find the charset, says."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        full = feedparser.parse(
            io.BytesIO(body),
            response_headers={"content-location": URL},
            sanitize_html=False,
            resolve_relative_uris=False,
        )
    entries = [
        finish(to_stated(entry, NOW), EntryKey(""), base=URL, lang=None) for entry in full.entries
    ]
    return [said(entry) for entry in entries if entry.title or entry.url]


def check_agreement(name: str, body: bytes, full: FeedData) -> None:
    """The same entries in the same order (or newest first); what stands twice may be once."""
    ours, theirs = [said(entry) for entry in full.entries], by_feedparser_alone(body)
    assert Counter(ours) <= Counter(theirs), name
    in_order = list(dict.fromkeys(theirs))
    assert list(dict.fromkeys(ours)) in (in_order, list(dict.fromkeys(reversed(theirs)))), name


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_every_file_is_refused_with_a_reason_or_says_what_feedparser_says_whole_or_cut(
    chunk: int,
) -> None:
    compared = 0
    for row in files()[chunk::CHUNKS]:
        body = body_of(row)
        began = time.process_time()
        full = parsed(body, {})
        assert time.process_time() - began < 5.0, row["file"]
        if isinstance(full, Failure):
            assert full.detail, row["file"]
            assert row["entries"] == 0, row["file"]
            continue
        check_cuts(row["file"], body, full)
        # Malformed ones are read better than feedparser does, and it knows no JSON Feed.
        if not row["bozo"] and body.lstrip()[:1] == b"<":
            compared += 1
            check_agreement(row["file"], body, full)
            check_edits(row["file"], body, full)
    assert compared > 500


def check_cuts(name: str, body: bytes, full: FeedData) -> None:
    """Forget every third entry in turn: exactly those come back, exactly as they were."""
    keys = [entry.key for entry in full.entries]
    for first in range(min(3, len(keys))):
        forgotten = set(keys[first::3])
        window = {key: value for key, value in full.window.items() if key not in forgotten}
        cut = parsed(body, window)
        assert isinstance(cut, FeedData), name
        assert cut.entries == tuple(e for e in full.entries if e.key in forgotten), name
        assert cut.window == full.window, name
    nothing_new = parsed(body, dict(full.window))
    assert isinstance(nothing_new, FeedData)
    assert (nothing_new.entries, nothing_new.known) == ((), len(full.window)), name


def check_edits(name: str, body: bytes, full: FeedData) -> None:
    """Every item edited at once: each keeps the key that it had."""
    prepared = prepare(decode(body, ""))
    scan = prepared.scan
    if scan is None or prepared.malformed or not full.entries:
        return
    edited, at = b"", 0
    for item in scan.items:
        end = scan.body.rfind(b"</", item.start, item.end)
        if end < 0:
            return
        edited += scan.body[at:end] + b"<x/>"
        at = end
    edited += scan.body[at:]
    again = parsed(edited, dict(full.window))
    assert isinstance(again, FeedData), name
    lost = set(full.window) - set(again.window)
    by_bytes = {
        entry_key(None, None, item.hash, published)
        for item in scan.items
        for published in ("", item.published)
    }
    assert lost <= by_bytes, name  # what nothing else tells from others


# Items of feeds with the same prefixes, put together into feeds of some length.
_DECLARED = re.compile(rb"xmlns:([\w.-]+)\s*=\s*[\"']([^\"']*)[\"']")
TOGETHER = 25


def long_feeds() -> Iterator[tuple[str, bytes]]:
    """RSS whose items come from many files: nearly all of those have one item each."""
    groups: dict[tuple[tuple[bytes, bytes], ...], list[bytes]] = {}
    for row in files():
        body = body_of(row)
        if row["bozo"] or not row["entries"] or body.lstrip()[:1] != b"<":
            continue
        prepared = prepare(decode(body, ""))
        scan = prepared.scan
        if scan is None or prepared.malformed or scan.root != "rss":
            continue
        head = scan.body[scan.root_start : scan.items[0].start] if scan.items else b""
        if b"xml:base" in scan.body or b"xmlns=" in scan.body:
            continue
        declared = tuple(sorted(set(_DECLARED.findall(head))))
        items = [scan.body[item.start : item.end] for item in scan.items]
        groups.setdefault(declared, []).extend(items)
    for declared, items in groups.items():
        names = b"".join(b' xmlns:%s="%s"' % pair for pair in declared)
        for first in range(0, len(items), TOGETHER):
            some = list(dict.fromkeys(items[first : first + TOGETHER]))
            if len(some) > 2:
                head = b'<?xml version="1.0" encoding="utf-8"?>'
                body = head + b'<rss version="2.0"%s><channel><title>T</title>%s</channel></rss>'
                yield f"{names!r} {first}", body % (names, b"".join(some))


def test_long_feeds_say_what_feedparser_says_whole_or_cut() -> None:
    compared = entries = 0
    for name, body in long_feeds():
        full = parsed(body, {})
        assert isinstance(full, FeedData), name
        check_agreement(name, body, full)
        check_cuts(name, body, full)
        check_edits(name, body, full)
        compared += 1
        entries += len(full.entries)
    assert compared > 20
    assert entries > 500


MUTANTS = int(os.environ.get("WATCHER_MUTANTS", "1000"))
SPLINTERS = [
    b"", b"\0", b"\xff", b"\xed\xa0\x80", b"<", b">", b"&", b"]]>", b"<![CDATA[", b"<!--", b"-->",
    b"<item>", b"</item>", b"<entry ", b"&#xD800;", b"&#99999999999;", b"&nbsp;", b"<?xml", b"'", b'"',
    b"<!DOCTYPE x [", b"<!ENTITY a 'b'>", b"xmlns:", b"encoding='punycode'", b"0000-00-00", b"\x1b[31m",
    b"<author>" + b"a" * 3_000 + b"</author>", b"<x " + b"a='b' " * 300 + b">", "\u202e".encode(),
]  # fmt: skip


def mutant(body: bytes, random: Random) -> bytes:
    for _ in range(random.randint(1, 8)):
        at, length = random.randrange(len(body) + 1), random.choice((0, 0, 1, 5, 50))
        body = body[:at] + random.choice(SPLINTERS) + body[at + length :]
        if random.random() < 0.1:
            body = body[:at] + body[at : at + 200] * random.randint(2, 20) + body[at:]
    return body


def test_damaged_files_are_read_or_refused_and_nothing_unclean_comes_out() -> None:
    """WATCHER_MUTANTS says how many: a thousand here, a million for a night."""
    random = Random(2026)
    small = [row for row in files() if (FEEDS / row["file"]).stat().st_size < 60_000]
    for number in range(MUTANTS):
        row = random.choice(small)
        body = mutant(body_of(row), random)
        began = time.process_time()
        data = parsed(body, {})
        assert time.process_time() - began < 5.0, (row["file"], number)
        if isinstance(data, FeedData):
            text = data.title + "".join(
                entry.title + entry.summary + entry.content + entry.author + (entry.url or "")
                for entry in data.entries
            )
            assert not UNCLEAN.search(text), (row["file"], number)
