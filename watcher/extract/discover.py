"""Feeds that a page points to."""

from __future__ import annotations

import re
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from watcher.model import FoundFeed
from watcher.text.charset import decode
from watcher.text.clean import clean_line
from watcher.text.page import MAX_PAGE, base_href, parse_html
from watcher.urls import canonical, clean_link, registered_domain

_FEED_TYPES = re.compile(
    r"application/(?:rss|atom|rdf|feed)\+(?:xml|json)|application/json|text/xml"
)
_LOOKS_LIKE_FEED = re.compile(
    r"(?:^|[/._-])(?:rss|feeds?|atom|rdf)(?:$|[/._-])|\.(?:rss|atom|rdf)$|/feed\.(?:json|xml)$",
    re.IGNORECASE,
)
_COMMENTS = re.compile(r"/comments?/|comments\b|комментари", re.IGNORECASE)
_MAX_LINKS = 5_000
COMMON_PATHS = (
    "/feed/",
    "/rss",
    "/rss.xml",
    "/feed.xml",
    "/atom.xml",
    "/index.xml",
    "/feed.json",
    "/?feed=rss2",
)


def discover_feeds(body: bytes, url: str, content_type: str = "") -> list[FoundFeed]:
    """Feeds of a site from one of its pages: declared ones first, then links, then likely paths.

    Nothing is fetched: try them in this order. Comment feeds come last of the declared ones.
    """
    tree = parse_html(decode(body[: 2 * MAX_PAGE], content_type).text[:MAX_PAGE])
    found: dict[str, FoundFeed] = {}
    if tree is not None:
        base = clean_link(url, base_href(tree)) or url
        for feed in sorted(_declared(tree, base), key=_about_comments):
            found.setdefault(canonical(feed.url), feed)
        for feed in _linked(tree, base):
            found.setdefault(canonical(feed.url), feed)
    for path in COMMON_PATHS:
        likely = clean_link(url, path)
        if likely:
            found.setdefault(canonical(likely), FoundFeed(url=likely, stated=False))
    return list(found.values())


def _about_comments(feed: FoundFeed) -> bool:
    return bool(_COMMENTS.search(feed.url) or _COMMENTS.search(feed.title))


def _declared(tree: Any, base: str) -> list[FoundFeed]:
    feeds = []
    for link in islice(tree.iter("link"), _MAX_LINKS):
        rels = (link.get("rel") or "").lower().split()
        typed = _FEED_TYPES.match((link.get("type") or "").strip().lower())
        if not (("alternate" in rels and typed) or "feed" in rels):
            continue
        href = clean_link(base, link.get("href") or "")
        # WordPress declares its REST API as alternate JSON.
        if href and "/wp-json/" not in href and "oembed" not in href:
            feeds.append(FoundFeed(url=href, title=clean_line(link.get("title") or "", 200)))
    return feeds


def _linked(tree: Any, base: str) -> list[FoundFeed]:
    feeds = []
    for link in islice(tree.iter("a"), _MAX_LINKS):
        href = clean_link(base, link.get("href") or "")
        if not href or registered_domain(href) != registered_domain(base):
            continue
        parts = urlsplit(href)
        if _LOOKS_LIKE_FEED.search(parts.path) or "feed=" in parts.query:
            title = clean_line(link.text_content() or link.get("title") or "", 200)
            feeds.append(FoundFeed(url=href, title=title, stated=False))
    return feeds[:50]
