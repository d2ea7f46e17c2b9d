"""Feeds built to take a reader down: each is read or refused within bounds, in this process.

Bounds are on CPU time and generous (each of these took feedparser alone seconds to minutes, or
raised). What still gets past them is for the limits of the workers: see test_workers.py.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from storable import check_feed

from watcher.model import Failure, FailureReason, FeedData, FeedKind
from watcher.parse import parse_feed

NOW = datetime(2026, 11, 22, tzinfo=UTC)
CPU_SECONDS = 12.0
URL = "https://example.org/feed"


def item(number: int = 1, extra: bytes = b"") -> bytes:
    return (
        b"<item><title>Story number %d</title><link>https://example.org/%d</link>"
        b"<description>Words of it</description>%s</item>" % (number, number, extra)
    )


def rss(inside: bytes, head: bytes = b"<?xml version='1.0'?>") -> bytes:
    return head + b"<rss version='2.0'><channel><title>t</title>" + inside + b"</channel></rss>"


def laughs(count: int) -> bytes:
    entities = b'<!ENTITY a0 "ha">' + b"".join(
        b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, count)
    )
    return b"<?xml version='1.0'?><!DOCTYPE rss [" + entities + b"]>"


ATTRIBUTES = b" ".join(b'a%d="x"' % n for n in range(50_000))

READ = {
    "70,000 items": rss(b"".join(map(item, range(70_000)))),
    "author without end": rss(
        b"".join(item(n, b"<author>" + b"a" * 16_000 + b"</author>") for n in range(100))
    ),
    "editor without end": rss(b"<managingEditor>" + b"a" * 200_000 + b"</managingEditor>" + item()),
    "opened comments": rss(item(1, b"<description>" + b"&lt;!--" * 80_000 + b"</description>")),
    "opened comments in CDATA": rss(
        item(1, b"<description><![CDATA[" + b"<!--" * 150_000 + b"]]></description>")
    ),
    "depth in an item": rss(
        item(1, b"<content>" + b"<a>" * 100_000 + b"</a>" * 100_000 + b"</content>")
    ),
    "attributes in an item": rss(item(1, b"<x " + ATTRIBUTES + b">y</x>")),
    "billion laughs": laughs(10) + rss(b"<item><title>&a9;</title></item>" + item(), head=b""),
    "quadratic entity": b"<?xml version='1.0'?><!DOCTYPE rss [<!ENTITY a '"
    + b"a" * 6_000
    + b"'>]>"
    + rss(b"<item><title>" + b"&a;" * 1_200 + b"</title></item>" + item(), head=b""),
    "external entity": b"<?xml version='1.0'?><!DOCTYPE r [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>"
    + rss(b"<item><title>&x;</title></item>" + item(), head=b""),
    "lone surrogate": rss(b"<item><title>a&#xD800;b</title></item>" + item()),
    "absurd reference": rss(b"<item><title>a&#99999999999999;b</title></item>" + item()),
    "very long reference": rss(b"<item><title>&#" + b"9" * 500_000 + b";</title></item>" + item()),
    "punycode": rss(item(), head=b"<?xml version='1.0' encoding='punycode'?>"),
    "utf-7": rss(item(), head=b"<?xml version='1.0' encoding='utf-7'?>"),
    "unknown charset": rss(item(), head=b"<?xml version='1.0' encoding='x-nonsense'?>"),
    "NUL and ESC": rss(b"<item><title>a\0b\x1b[31mc</title></item>" + item()),
    "20,000 items without end": rss(b"".join(map(item, range(20_000))))[:-20],
    "doctypes": b"<!DOCTYPE x>" * 80_000 + rss(item(), head=b""),
    "blank lines": rss(item(), head=b"<!-- -->" + b"\n" * 1_000_000),
    "instructions": b"<?x ?>" * 100_000 + rss(item(), head=b""),
    "categories": rss(item() + item(2, b"<category>x</category>" * 100_000)),
    "links": rss(item(1, b"<link rel='x' href='https://example.org/'/>" * 4_000)),
    "namespaces": b"<rss "
    + b" ".join(b'xmlns:n%d="http://example.org/%d"' % (n, n) for n in range(190))
    + b"><channel>"
    + b"".join(map(item, range(1_000)))
    + b"</channel></rss>",
    "dates": rss(
        b"".join(item(n, b"<pubDate>" + b"Mon, 1" * 600 + b"</pubDate>") for n in range(300))
    ),
    "title of 2 MB": rss(item() + b"<item><title>" + b"x " * 1_000_000 + b"</title></item>"),
    "escaped tags": rss(item(1, b"<title>" + b"&lt;a &quot;" * 80_000 + b"</title>")),
    "opened CDATA": rss(item() + b"<![CDATA[" * 100_000),
    "60 long articles": rss(
        b"".join(item(n, b"<content>" + b"word " * 20_000 + b"</content>") for n in range(60))
    ),
}
REFUSED = {
    "attributes of the root": b"<rss " + ATTRIBUTES + b">" + item() + b"</rss>",
    "depth outside of items": b"<rss>" + b"<a>" * 100_000 + b"</a>" * 100_000 + b"</rss>",
    "elements outside of items": rss(b"<category>x</category>" * 100_000),
    "attributes of the item": b"<rss><channel><item " + ATTRIBUTES + b"/></channel></rss>",
    "paragraphs without end": b"<html><body>" + b"<p>x" * 300_000,
    "deep JSON": b'{"items":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "number without end": b'{"items":[' + b"9" * 100_000 + b"]",
    "a path": b"/dev/zero",
    "an address": b"http://127.0.0.1/",
}


def parse(body: bytes, kind: FeedKind = FeedKind.FEED) -> FeedData | Failure:
    began = time.process_time()
    data = parse_feed(body, url=URL, content_type="", window={}, now=NOW, kind=kind)
    assert time.process_time() - began < CPU_SECONDS
    return data


@pytest.mark.parametrize("name", READ)
def test_hostile_feeds_are_read_as_far_as_they_can_be(name: str) -> None:
    data = parse(READ[name])
    assert isinstance(data, FeedData), data
    assert any(entry.title.startswith("Story number") for entry in data.entries)
    text = "".join(e.title + e.summary + e.content + e.author for e in data.entries)
    assert "root:" not in text
    assert "\x1b" not in text
    assert "\0" not in text


@pytest.mark.parametrize("name", REFUSED)
def test_hostile_feeds_are_refused_with_a_reason(name: str) -> None:
    data = parse(REFUSED[name])
    assert isinstance(data, Failure), data
    assert data.reason in {FailureReason.PARSE_LIMIT, FailureReason.NOT_A_FEED}
    assert data.detail


MANGLED = [
    b"\0", b"\xff", b"\xed\xa0\x80", b"<", b">", b"&", b"]]>", b"<![CDATA[", b"<!--", b"-->",
    b"<item>", b"</item>", b"<entry ", b"&#xD800;", b"&#0;", b"&nbsp;", b"<?xml", b"<!DOCTYPE x [",
    b"<!ENTITY a 'b'>", b"xmlns:", b"'", b'"', b"\r", b"{", b"encoding='utf-16'",
]  # fmt: skip
SOUND = rss(item(1) + item(2), head=b"<?xml version='1.0' encoding='utf-8'?>")


@settings(max_examples=400)
@given(
    st.lists(
        st.tuples(st.integers(0, len(SOUND)), st.integers(0, 40), st.sampled_from([b"", *MANGLED])),
        max_size=6,
    ),
    st.sampled_from(list(FeedKind)),
)
def test_mangled_feeds_are_read_or_refused(
    cuts: list[tuple[int, int, bytes]], kind: FeedKind
) -> None:
    body = SOUND
    for at, length, instead in cuts:
        body = body[:at] + instead + body[at + length :]
    check_feed(parse(body, kind), NOW)


@given(st.binary(max_size=300))
def test_bytes_of_any_kind_are_read_or_refused(body: bytes) -> None:
    for kind in FeedKind:
        check_feed(parse(body, kind), NOW)
