"""Pages built to take an extractor down: each is read within bounds, in this process.

These took trafilatura alone from ten seconds to minutes. What still gets past the bounds is for
the limits of the workers: see test_workers.py.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from watcher.extract import discover_feeds, extract_page
from watcher.model import PageData

NOW = datetime(2026, 11, 22, tzinfo=UTC)
CPU_SECONDS = 8.0
PARAGRAPHS = b"".join(
    b"<p>Sentence number %d of the story says what happened there on Monday.</p>" % n
    for n in range(30)
)
LONG = b"<p>Some words in a paragraph that is long enough to be kept.</p>"


def page(inside: bytes = b"", head: bytes = b"") -> bytes:
    return (
        b"<html><head><title>A headline</title>%s</head><body><article>%s%s</article></body></html>"
        % (head, PARAGRAPHS, inside)
    )


def script(json: bytes) -> bytes:
    return b'<script type="application/ld+json">' + json + b"</script>"


HOSTILE = {
    "JSON-LD authors": page(head=script(b'{"author":' + b'[{"name":' * 60_000)),
    "JSON-LD persons": page(head=script(b'{"author":[{"@type":"Person",' * 10_000)),
    "JSON-LD depth": page(head=script(b"[" * 100_000 + b"]" * 100_000)),
    "JSON-LD number": page(head=script(b'{"@type":"NewsArticle","datePublished":' + b"9" * 99_999)),
    "JSON-LD blocks": page(head=script(b'{"@type":"Person","name":"A B"}') * 10_000),
    "links": page(b'<a href="https://example.org/x">link</a> ' * 100_000),
    "line breaks": page(b"<br>" * 200_000),
    "line breaks, just not heavy": page(b"<p>" + b"word<br>" * 19_000),
    "paragraphs": page(LONG * 100_000),
    "paragraphs, just not heavy": page(LONG * 18_000),
    "10 MB of paragraphs": page(LONG * 150_000),
    "depth": page(b"<div>" * 100_000),
    "depth of spans": page(b"<span>" * 100_000 + b"x"),
    "depth within the parser's limit": page((b"<div>" * 240 + LONG + b"</div>" * 240) * 40),
    "attributes": page(b"<p " + b" ".join(b'a%d="x"' % n for n in range(50_000)) + b">x</p>"),
    "classes": page(b'<p class="' + b"x " * 1_000_000 + b'">x</p>'),
    "rows": page(b"<table>" + b"<tr><td>x y z</td></tr>" * 10_000),
    "tables in tables": page(b"<table><tr><td>" * 2_000),
    "lists in lists": page(b"<ul><li>" * 5_000),
    "one long text": page(b"word " * 1_000_000),
    "one long word": page(b"<p>" + b"a" * 4_000_000 + b"</p>"),
    "opened comments": page(b"<!--" * 200_000),
    "less-than signs": page(b"<" * 3_000_000),
    "ampersands": page(b"&" * 3_000_000),
    "long reference": page(b"<p>&#" + b"9" * 500_000 + b";</p>"),
    "title separators": page(
        head=b'<meta property="og:title" content="' + b"a - " * 200_000 + b'">'
    ),
    "bylines": page(b"<span class=author>by x</span>" * 15_000),
    "dates": page(b"<p>12.12.2012 " * 15_000),
    "long date": page(b"<time datetime='" + b"1" * 300_000 + b"'>x</time>"),
    "meta elements": page(head=b'<meta name="x" content="y">' * 15_000),
    "images": page(b"<img src=x>" * 15_000),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pages_are_read_within_bounds(name: str) -> None:
    began = time.process_time()
    data = extract_page(
        HOSTILE[name], url="https://example.org/a/b", content_type="text/html", now=NOW
    )
    assert time.process_time() - began < CPU_SECONDS
    assert isinstance(data, PageData)
    assert len(data.text) <= 200_000
    assert len(data.title) <= 500
    assert "Sentence number 1 of the story" in data.text or data.partial


@pytest.mark.parametrize("name", ["links", "attributes", "depth", "meta elements"])
def test_discovery_is_bounded_too(name: str) -> None:
    began = time.process_time()
    discover_feeds(HOSTILE[name], "https://example.org/")
    assert time.process_time() - began < CPU_SECONDS
